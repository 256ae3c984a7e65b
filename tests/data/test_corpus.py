import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnbench.data.corpus import Links, Pairs, Sentences


@given(st.lists(st.lists(st.integers(4, 90), max_size=5), min_size=1), st.data())
def test_sentences_are_joined_and_taken_in_any_order(sentences: list[list[int]], data: st.DataObject) -> None:
    rows = np.array(data.draw(st.lists(st.integers(0, len(sentences) - 1))), np.int64)
    joined = Sentences.of(sentences)
    taken = joined.take(rows)
    assert [list(joined[row]) for row in range(len(joined))] == sentences
    assert list(joined.lengths) == [len(sentence) for sentence in sentences]
    assert [list(taken[row]) for row in range(len(taken))] == [sentences[row] for row in rows]
    assert (joined.tokens.dtype, joined.offsets.dtype) == (np.int32, np.int64)


def test_sentences_can_be_counted_from_the_end_and_end_where_they_end() -> None:
    joined = Sentences.of([[4], [5, 6]])
    assert list(joined[-1]) == [5, 6]
    with pytest.raises(IndexError, match="index 2 is out of bounds"):
        joined[2]


def test_possible_links_include_the_sure_ones() -> None:
    links = Links(frozenset({(0, 1)}), frozenset({(2, 3)}))
    assert links.possible == {(0, 1), (2, 3)}


def test_taking_pairs_keeps_their_links() -> None:
    links = [Links(frozenset({(0, number)}), frozenset()) for number in range(3)]
    taken = Pairs(["a", "b", "c"], ["x", "y", "z"], links).take([2, 0])
    assert taken == Pairs(["c", "a"], ["z", "x"], [links[2], links[0]])
