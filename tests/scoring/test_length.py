"""Every `length/*` key, on sentences whose BLEU can be read off."""

import math
import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from attnbench.metrics import METRICS
from attnbench.records.sentences import SCORED, STATISTICS
from attnbench.scoring.length import LengthParts, sentence_metrics
from attnbench.scoring.measures import COUNT


def sentences(*bleu: int) -> dict[str, npt.NDArray[np.int64]]:
    """Columns of sentences that have these scores; a group of them has the mean of their scores."""
    return dict(zip(STATISTICS, np.array([[b] * 4 + [100] * 6 for b in bleu]).T, strict=True))


def metrics(bleu: Iterable[int], lengths: npt.ArrayLike, sequence_length: int = 20) -> dict[str, float]:
    return sentence_metrics({"source_tokens": np.asarray(lengths), **sentences(*bleu)}, sequence_length=sequence_length)


def test_buckets_of_ten_tokens_are_absent_under_thirty_sentences() -> None:
    found = metrics([40] * 15 + [60] * 15 + [10] * 29 + [70] * 31, [1] * 15 + [10] * 15 + [11] * 29 + [91] * 31)
    buckets = {key: value for key, value in found.items() if key.endswith(("0", "1"))}
    assert buckets == {
        "length/bleu_001_010": pytest.approx(50),
        "length/sentences_001_010": 30,
        "length/bleu_091_100": pytest.approx(70),
        "length/sentences_091_100": 31,
    }


def test_the_training_limit_itself_counts_as_within() -> None:
    found = metrics([80, 60, 35] * 30, [19, 20, 21] * 30, sequence_length=20)
    assert found["length/bleu_within"] == pytest.approx(70)
    assert found["length/bleu_beyond"] == pytest.approx(35)
    assert found["length/extrapolation"] == pytest.approx(0.5)


def test_fewer_than_thirty_sentences_have_no_score_of_their_own() -> None:
    found = metrics([80] * 29 + [35] * 30, [19] * 29 + [21] * 30, sequence_length=20)
    assert found["length/bleu_beyond"] == pytest.approx(35)
    assert not {"length/bleu_within", "length/extrapolation"} & set(found)


def test_without_longer_sentences_there_is_no_extrapolation() -> None:
    found = metrics([80, 60] * 15, [3, 5] * 15)
    assert found["length/bleu_within"] == pytest.approx(70)
    assert not {"length/bleu_beyond", "length/extrapolation"} & set(found)


def test_a_score_of_zero_within_the_limit_gives_no_quotient() -> None:
    found = metrics([0] * 90 + [50] * 30, [3, 5, 7] * 30 + [23] * 30)
    assert (found["length/bleu_within"], found["length/bleu_beyond"]) == (0, pytest.approx(50))
    assert not {"length/extrapolation", "length/retention"} & set(found)


def test_retention_compares_the_longest_quarter_with_the_rest() -> None:
    found = metrics([30, 60, 60, 60, 60, 60, 60, 30], [31, 1, 2, 3, 4, 5, 6, 29])
    assert found["length/retention"] == pytest.approx(30 / 60)


def test_of_equally_long_sentences_the_last_ones_are_the_longest_quarter() -> None:
    found = metrics([60, 60] * 100 + [15, 60] * 100, [7, 5] * 200)
    assert found["length/retention"] == pytest.approx(15 / 60)


def test_fewer_than_four_sentences_have_no_longest_quarter() -> None:
    assert "length/retention" not in metrics([60, 60, 15], [1, 2, 3])


def test_losing_a_point_with_each_token_is_a_slope_of_minus_ten() -> None:
    lengths = np.arange(2, 90)
    assert metrics(100 - lengths, lengths)["length/slope"] == pytest.approx(-10)


def test_the_slope_fits_eight_groups_of_equal_counts() -> None:
    # mean lengths 1.5, 3.5 .. 15.5 lie -7, -5 .. 7 about their mean: squares sum to 168; the last group is 20 better
    found = metrics([50] * 15 + [90], range(1, 17))
    assert found["length/slope"] == pytest.approx(10 * 7 * 20 / 168)


def test_sentences_of_one_length_stay_in_one_group() -> None:
    # four lengths, four groups at -15, -5, 5, 15 (squares sum to 500) whatever the counts; the last is 20 better
    lengths = [5] + [15] * 7 + [25] * 4 + [35] * 4
    assert metrics([50] * 12 + [70] * 4, lengths)["length/slope"] == pytest.approx(10 * 15 * 20 / 500)


def test_three_groups_give_no_slope() -> None:
    assert "length/slope" not in metrics([50] * 60, [5, 15, 25] * 20)


def test_the_order_of_sentences_of_different_lengths_changes_nothing() -> None:
    bleu, lengths = np.arange(1, 48), np.arange(3, 50)
    shuffled = np.random.default_rng(7).permutation(47)
    assert metrics(bleu, lengths) == metrics(bleu[shuffled], lengths[shuffled])


@given(data=st.data(), count=st.integers(1, 130), sequence_length=st.integers(1, 30))
def test_whatever_is_reported_is_finite_and_a_known_key(data: st.DataObject, count: int, sequence_length: int) -> None:
    total = data.draw(arrays.arrays(np.int64, (count, 4), elements=st.integers(0, 3)))
    correct = np.minimum(total, data.draw(arrays.arrays(np.int64, (count, 4), elements=st.integers(0, 3))))
    tokens = data.draw(arrays.arrays(np.int64, (count, 2), elements=st.integers(0, 5)))
    lengths = data.draw(arrays.arrays(np.int64, (count,), elements=st.integers(0, 60)))
    columns = dict(zip(SCORED, np.column_stack([lengths, correct, total, tokens]).T, strict=True))
    found = sentence_metrics(columns, sequence_length=sequence_length)
    known = "|".join(re.escape(metric.key).replace("LLL_HHH", r"\d{3}_\d{3}") for metric in METRICS)
    assert all(math.isfinite(value) and re.fullmatch(known, key) for key, value in found.items())


def test_a_draw_that_takes_every_sentence_once_scores_the_test_set() -> None:
    generator = np.random.default_rng(3)
    rows, lengths = sentences(*generator.integers(20, 80, size=97)), generator.integers(1, 31, size=97)
    parts = LengthParts.of(lengths, sequence_length=17)
    once, drawn = parts.scores(rows), parts.scores(rows, np.ones((97, 2)))
    assert once.keys() == drawn.keys() > {"test/bleu", "length/bleu_within", "length/bleu_011_020", "length/slope"}
    for key, value in once.items():
        assert drawn[key] == pytest.approx(np.full(2, value))


def test_a_draw_counts_each_sentence_as_often_as_it_takes_it() -> None:
    # in order of length the scores are 60, 20, 40; the draw takes 60 once and 40 twice
    parts = LengthParts.of([7, 3, 5], sequence_length=20)
    assert parts.scores(sentences(40, 60, 20), np.array([[1], [0], [2]]))["test/bleu"] == pytest.approx([140 / 3])


def test_the_parts_of_a_test_set_hold_the_sums_of_their_sentences() -> None:
    parts = LengthParts.of([3] * 30 + [23] * 31, sequence_length=20)
    sums = parts.sums(sentences(*[30] * 30, *[50] * 31))
    assert sums["length/bleu_within"] == {COUNT: 30} | dict(zip(STATISTICS, [900] * 4 + [3000] * 6, strict=True))
    assert sums["length/bleu_021_030"] == sums["length/bleu_beyond"]
    assert sums["length/bleu_beyond"] == {COUNT: 31} | dict(zip(STATISTICS, [1550] * 4 + [3100] * 6, strict=True))
    assert {key: (part.low, part.high, part.sentences) for key, part in parts.buckets.items()} == {
        "length/bleu_001_010": (1, 10, 30),
        "length/bleu_021_030": (21, 30, 31),
    }


def test_unequal_numbers_of_sentences_are_refused() -> None:
    message = (
        "Every sentence needs its source length: received columns of 2 sentences and 3 lengths. "
        "Give as many lengths as sentences."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        LengthParts.of([1, 2, 3], sequence_length=20).sums(sentences(50, 50))


def test_an_empty_test_set_is_refused() -> None:
    message = "Length metrics need at least one sentence, received none. Give a test set that is not empty."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        LengthParts.of([], sequence_length=5)
