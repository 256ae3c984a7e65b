"""p-values that can be counted or worked out by hand, or counted by brute force."""

import itertools
import math
import operator
import re
import statistics
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from attnbench.scoring.bleu import corpus_bleu
from attnbench.scoring.significance import (
    LEVEL,
    SIGN_FLIP_SEEDS,
    SIGN_PATTERNS,
    approximate_randomisation,
    holm,
    needed_t,
    paired_t,
    sign_flip,
    smallest_possible_p,
)

differences = st.lists(st.integers(-1000, 1000), min_size=2, max_size=8)
probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=11)


def drawn_statistics(generator: np.random.Generator, seeds: int, sentences: int) -> npt.NDArray[np.int64]:
    total = generator.integers(5, 20, size=(seeds, sentences, 1)) - np.arange(4)
    correct = generator.integers(0, total + 1)
    return np.concatenate([correct, total, total[..., :1], generator.integers(5, 20, (seeds, sentences, 1))], axis=-1)


def randomise(first: npt.ArrayLike, second: npt.ArrayLike, draws: int = 10_000) -> float:
    return approximate_randomisation(first, second, generator=np.random.default_rng(11), draws=draws)


def flip(differences: Sequence[float]) -> float:
    return sign_flip(differences, generator=np.random.default_rng(11))


def test_randomisation_approaches_the_share_of_all_swaps() -> None:
    generator = np.random.default_rng(2)
    first, second = drawn_statistics(generator, 2, 3), drawn_statistics(generator, 2, 3)
    observed = np.mean(corpus_bleu(first.sum(axis=1)) - corpus_bleu(second.sum(axis=1)))
    as_large = []
    for pattern in itertools.product([False, True], repeat=6):
        swap = np.reshape(pattern, (2, 3, 1))
        one, other = np.where(swap, second, first).sum(axis=1), np.where(swap, first, second).sum(axis=1)
        as_large.append(abs(np.mean(corpus_bleu(one) - corpus_bleu(other))) >= abs(observed) - 1e-9)
    exact = np.mean(as_large)
    assert randomise(first, second) == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 10_000) + 1e-4)


def test_a_system_compared_with_itself_has_p_one() -> None:
    rows = drawn_statistics(np.random.default_rng(2), 3, 17)
    assert randomise(rows, rows) == 1


def test_a_difference_that_no_draw_reaches_has_the_least_p() -> None:
    all_right, all_wrong = np.tile([10, 9, 8, 7, 10, 9, 8, 7, 10, 10], (3, 47, 1)), np.zeros((3, 47, 10), int)
    all_wrong[..., 4:] = all_right[..., 4:]
    assert randomise(all_right, all_wrong, draws=99) == 1 / 100


def test_changing_sides_leaves_the_p() -> None:
    generator = np.random.default_rng(4)
    first, second = drawn_statistics(generator, 2, 13), drawn_statistics(generator, 2, 13)
    assert randomise(first, second) == randomise(second, first)


@pytest.mark.parametrize("shape", [(2, 5, 10), (3, 7, 10)])
def test_statistics_of_different_seeds_or_sentences_are_refused(shape: tuple[int, ...]) -> None:
    message = (
        "Approximate randomisation needs statistics (seeds, sentences, 10) of the same seeds and sentences, "
        f"received shapes (3, 5, 10) and {shape}. Compare only the seeds that both systems have."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        randomise(np.ones((3, 5, 10)), np.ones(shape))


def test_a_paired_t_of_three_seeds() -> None:
    # t = 2 / (1 / sqrt(3)); with 2 degrees of freedom p = 1 - t / sqrt(2 + t²)
    t = 2 * math.sqrt(3)
    assert paired_t([1, 2, 3]) == pytest.approx(1 - t / math.sqrt(2 + t * t))


@given(differences)
def test_the_paired_t_is_the_mean_over_its_standard_error(values: list[int]) -> None:
    if len(set(values)) > 1:
        t = statistics.mean(values) / (statistics.stdev(values) / math.sqrt(len(values)))
        assert paired_t(values) == pytest.approx(2 * stats.t.sf(abs(t), len(values) - 1))


@pytest.mark.parametrize(("values", "p"), [([0.0, 0.0], 1), ([2.0, 2.0], 0), ([40.3 - 40.1, 41.3 - 41.1], 0)])
def test_differences_that_are_equal_but_for_rounding_have_the_limiting_p(values: list[float], p: float) -> None:
    assert paired_t(values) == p


def test_six_seeds_that_agree_are_two_sign_patterns_of_64() -> None:
    assert flip([1, 2, 3, 4, 5, 6]) == 2 / 64


def test_sign_patterns_with_the_same_sum_count() -> None:
    # of 3 ± 1 ± 2 = 6, 2, 4, 0 three reach the |3 + 1 - 2| observed, and so do their mirror images
    assert flip([3, 1, -2]) == 6 / 8


@given(differences)
def test_the_sign_flip_counts_all_patterns(values: list[int]) -> None:
    sums = [sum(map(operator.mul, signs, values)) for signs in itertools.product((1, -1), repeat=len(values))]
    assert flip(values) == sum(abs(total) >= abs(sum(values)) for total in sums) / len(sums)


def test_more_patterns_than_can_be_counted_are_drawn() -> None:
    # Of 2^40 patterns two reach the mean of 40 equal differences, and no draw hits one: (0 + 1) / (draws + 1) a side.
    assert flip([1.0] * 40) == pytest.approx(2 / (SIGN_PATTERNS + 1))


def test_the_sign_flip_starts_where_it_can_reach_the_level() -> None:
    assert smallest_possible_p(SIGN_FLIP_SEEDS) < LEVEL < smallest_possible_p(SIGN_FLIP_SEEDS - 1)


@pytest.mark.parametrize(("seeds", "p"), [(1, 1), (3, 0.25), (5, 0.0625), (6, 0.03125)])
def test_few_seeds_bound_the_p_from_below(seeds: int, p: float) -> None:
    assert smallest_possible_p(seeds) == p


def test_holm_multiplies_the_smallest_most_and_never_turns_the_order_round() -> None:
    # 0.01 * 3, 0.03 * 2, and 0.04 * 1 raised to its predecessor
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@settings(max_examples=20, deadline=None)  # statsmodels collects garbage at each call
@given(probabilities)
def test_holm_keeps_the_order_and_never_lowers_a_p(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, corrected, strict=True))
    ordered = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [corrected[index] for index in ordered] == sorted(corrected)


def test_holm_of_no_comparisons_is_empty() -> None:
    assert holm([]) == []


def test_a_comparison_without_a_p_is_not_counted() -> None:
    assert holm([0.01, math.nan, 0.04]) == pytest.approx([0.02, math.nan, 0.04], nan_ok=True)


def test_three_seeds_and_ten_pairs_need_a_t_of_fourteen() -> None:
    # the quantile (2p - 1) / sqrt(2 p (1 - p)) of 2 degrees of freedom at p = 1 - 0.05 / 10 / 2
    assert needed_t(3, 10) == pytest.approx(0.995 / math.sqrt(2 * 0.9975 * 0.0025))


def test_more_comparisons_need_a_larger_t_and_more_seeds_a_smaller() -> None:
    assert needed_t(3, 1) < needed_t(3, 2)
    assert needed_t(4, 2) < needed_t(3, 2)
