"""How far a hypothesis is the one right translation."""

from hypothesis import given
from hypothesis import strategies as st

from attnbench.data import Phenomena
from attnbench.scoring.exactness import MINIMUM_INSTANCES, aligned_words, exactness

words = st.lists(st.sampled_from("abc"), max_size=7)


def counted(hypotheses: list[str], references: list[str], *phenomena: Phenomena) -> dict[str, list[int]]:
    found = exactness(hypotheses, references, phenomena or [()] * len(references))
    return {name: column.tolist() for name, column in found.items()}


def test_a_sentence_is_an_exact_match_or_none_and_words_count_at_their_index() -> None:
    assert counted(["a b c", "a x c", "b c", "a b c d", ""], ["a b c"] * 5) == {
        "exact_match": [1, 0, 0, 0, 0],
        "correct_tokens": [3, 2, 0, 3, 0],
    }


def test_a_word_too_few_spoils_no_word_behind_it() -> None:
    assert aligned_words(["b", "c", "d"], ["a", "b", "c", "d"]) == {1, 2, 3}


def test_words_in_another_order_are_not_all_at_their_place() -> None:
    # "la gata" is the longest run that both share; the verb, which follows it in the reference, stands before it.
    assert aligned_words(["ker", "vidit", "la", "gata"], ["ker", "la", "gata", "vidit"]) == {0, 1, 2}


def test_a_word_elsewhere_in_the_sentence_is_not_at_its_place() -> None:
    assert aligned_words(["a", "x", "b", "a"], ["a", "c", "b", "c"]) == {0, 2}


@given(words, words)
def test_aligned_words_stand_in_both_in_one_order(hypothesis: list[str], reference: list[str]) -> None:
    rest = iter(hypothesis)
    assert all(reference[index] in rest for index in sorted(aligned_words(hypothesis, reference)))
    assert aligned_words(reference, reference) == set(range(len(reference)))


def test_an_instance_is_right_where_all_of_its_words_are() -> None:
    instances: Phenomena = (("order", (1, 3)), ("order", (0,)), ("form", (2,)))
    count = MINIMUM_INSTANCES
    # without its third and its last word: the first "order" lacks a word, and so does "form"
    found = counted(["a b x y"] + ["a b c d"] * (count - 1), ["a b c d"] * count, *[instances] * count)
    assert found["order_right"] == [1] + [2] * (count - 1)
    assert found["order_total"] == [2] * count
    assert found["form_right"] == [0] + [1] * (count - 1)
    assert found["form_total"] == [1] * count


def test_a_rare_phenomenon_has_no_columns() -> None:
    instances: list[Phenomena] = [(("form", (0,)),)] * (MINIMUM_INSTANCES - 1) + [()]
    found = counted(["a"] * MINIMUM_INSTANCES, ["a"] * MINIMUM_INSTANCES, *instances)
    assert found.keys() == {"exact_match", "correct_tokens"}
