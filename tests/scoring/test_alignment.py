"""Links read off weights, and their error rate against gold links."""

import math
import re
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnbench.data import Links
from attnbench.scoring.alignment import Link, agreement, entropy, link_words
from attnbench.scoring.measures import measures_of

links = st.frozensets(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=9)


def alignment_error_rate(predicted: Sequence[Collection[Link]], gold: Sequence[Links]) -> float:
    agreements, counts = np.sum([agreement(*pair) for pair in zip(predicted, gold, strict=True)], axis=0)
    columns = {"agreements": agreements, "links": counts}
    return float(measures_of(columns)["align/aer"](columns))


def test_each_target_word_takes_the_source_word_of_greatest_weight() -> None:
    weights = [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]
    assert link_words(weights, [0, 1, 2], [0, 1]) == {(0, 0), (2, 1)}


def test_the_pieces_of_a_source_word_add_up() -> None:
    # the third piece is the greatest, the first two together are greater
    assert link_words([[0.3, 0.3, 0.4]], [0, 0, 1], [0]) == {(0, 0)}


def test_the_pieces_of_a_target_word_add_up() -> None:
    # 0.6 + 0.1 against 0.4 + 0.9
    assert link_words([[0.6, 0.4], [0.1, 0.9]], [0, 1], [0, 0]) == {(1, 0)}


def test_word_indices_without_pieces_take_no_link() -> None:
    assert link_words([[0.2, 0.8], [0.9, 0.1]], [0, 3], [1, 5]) == {(3, 1), (0, 5)}


def test_equal_weights_link_the_first_source_word() -> None:
    assert link_words([[0.5, 0.5]], [0, 1], [0]) == {(0, 0)}


@pytest.mark.parametrize(("source", "target"), [(0, 3), (3, 0), (0, 0)])
def test_a_side_without_pieces_has_no_links(source: int, target: int) -> None:
    assert link_words(np.zeros((target, source)), range(source), range(target)) == set()


def test_weights_that_do_not_fit_the_pieces_are_refused() -> None:
    message = (
        "The weights do not fit the pieces: expected shape (2, 3) (target, source), received (2, 4). "
        "Drop EOS from weights and pieces alike."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        link_words(np.zeros((2, 4)), [0, 1, 2], [0, 1])


def test_sure_and_possible_links_all_found_make_no_error() -> None:
    gold = Links(sure=frozenset({(0, 0)}), possible=frozenset({(1, 1)}))
    assert alignment_error_rate([{(0, 0), (1, 1)}], [gold]) == 0


def test_a_missed_sure_link_and_a_wrong_link_are_errors() -> None:
    gold = Links(sure=frozenset({(0, 0)}), possible=frozenset({(0, 0), (1, 1)}))
    # of 2 predicted and 1 sure links, 0 + 1 agree
    assert alignment_error_rate([{(1, 1), (2, 1)}], [gold]) == pytest.approx(2 / 3)


def test_links_are_counted_over_the_whole_test_set() -> None:
    gold = [Links(frozenset({(0, 0)}), frozenset()), Links(frozenset({(0, 0), (1, 1), (2, 2)}), frozenset())]
    # (1 + 0 agreements) twice over (2 predicted + 4 sure)
    assert alignment_error_rate([{(0, 0)}, {(4, 4)}], gold) == pytest.approx(1 - 2 / 6)


@given(st.lists(st.tuples(links, links, links), min_size=1, max_size=5))
def test_the_error_rate_is_a_fraction_whether_or_not_possible_repeats_sure(
    sentences: list[tuple[frozenset[Link], frozenset[Link], frozenset[Link]]],
) -> None:
    predicted = [found for found, _, _ in sentences]
    apart = [Links(sure, possible) for _, sure, possible in sentences]
    if any(found or gold.sure for found, gold in zip(predicted, apart, strict=True)):
        rate = alignment_error_rate(predicted, apart)
        assert 0 <= rate <= 1
        assert rate == alignment_error_rate(predicted, [Links(g.sure, g.possible | g.sure) for g in apart])


@given(st.lists(links.filter(bool), min_size=1, max_size=5))
def test_predicting_exactly_the_sure_links_makes_no_error(sure: list[frozenset[Link]]) -> None:
    assert alignment_error_rate(sure, [Links(s, frozenset()) for s in sure]) == 0


def test_without_any_link_there_is_no_error_rate() -> None:
    assert math.isnan(alignment_error_rate([set()], [Links(frozenset(), frozenset({(0, 0)}))]))


def test_entropy_counts_the_bits_of_a_choice() -> None:
    weights = [[0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
    assert entropy(weights) == pytest.approx([2, 1, 0])


def test_entropy_of_an_uneven_choice() -> None:
    assert entropy([[[0.75, 0.25]]]) == pytest.approx(np.array([[2 - 0.75 * math.log2(3)]]))


@pytest.mark.parametrize(
    ("aligner", "direction", "percent"),
    [
        ("fastalign", "", 16.4),
        ("fastalign", ".reverse", 15.9),
        ("fastalign", ".grow-diagonal", 10.5),
        ("fastalign", ".grow-diagonal-final", 12.1),
        ("giza", "", 8.0),
        ("giza", ".reverse", 9.8),
        ("giza", ".grow-diagonal", 5.9),
        ("giza", ".grow-diagonal-final", 6.2),
    ],
)
def test_known_aligners_have_their_published_error_rates(
    corpora: Path, aligner: str, direction: str, percent: float
) -> None:
    folder = corpora / "hansards" / "gold"
    gold = [
        Links(frozenset(read_links(line, "-")), frozenset(read_links(line, "?")))
        for line in (folder / "test.align.txt").read_text().splitlines()
    ]
    output = folder / "reference_aligners" / f"{aligner}.test.enfr{direction}.talp"
    predicted = [set(read_links(line, "-")) for line in output.read_text().splitlines()]
    if direction == ".reverse":
        predicted = [{(source, target) for target, source in found} for found in predicted]
    assert round(100 * alignment_error_rate(predicted, gold), 1) == percent


def read_links(line: str, mark: str) -> list[Link]:
    pairs = (link.split(mark) for link in line.split() if mark in link)
    return [(int(source), int(target)) for source, target in pairs]
