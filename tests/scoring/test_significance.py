"""p-values that can be counted or worked out by hand, or counted by brute force."""

import itertools
import math
import operator
import re
import statistics
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from attnbench.scoring.bleu import corpus_bleu
from attnbench.scoring.significance import (
    LEVEL,
    SIGN_FLIP_SEEDS,
    SIGN_PATTERNS,
    Comparison,
    approximate_randomisation,
    holm,
    needed_t,
    paired_t,
    sign_flip,
    smallest_possible_p,
)

values = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=2, max_size=8)
probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=11)


def drawn_statistics(generator: np.random.Generator, seeds: int, sentences: int) -> npt.NDArray[np.int64]:
    total = generator.integers(5, 20, size=(seeds, sentences, 1)) - np.arange(4)
    correct = generator.integers(0, total + 1)
    return np.concatenate([correct, total, total[..., :1], generator.integers(5, 20, (seeds, sentences, 1))], axis=-1)


def randomise(first: npt.ArrayLike, second: npt.ArrayLike, draws: int = 10_000) -> Comparison:
    return approximate_randomisation(first, second, generator=np.random.default_rng(11), draws=draws)


def flip(first: list[float], second: list[float]) -> Comparison:
    return sign_flip(first, second, generator=np.random.default_rng(11))


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
    comparison = randomise(first, second)
    assert comparison.difference == pytest.approx(observed)
    assert comparison.p == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 10_000) + 1e-4)


def test_a_system_compared_with_itself_has_p_one() -> None:
    rows = drawn_statistics(np.random.default_rng(2), 3, 17)
    assert (randomise(rows, rows).difference, randomise(rows, rows).p) == (0, 1)


def test_a_difference_that_no_draw_reaches_has_the_least_p() -> None:
    all_right, all_wrong = np.tile([10, 9, 8, 7, 10, 9, 8, 7, 10, 10], (3, 47, 1)), np.zeros((3, 47, 10), int)
    all_wrong[..., 4:] = all_right[..., 4:]
    comparison = randomise(all_right, all_wrong, draws=99)
    assert comparison.difference == pytest.approx(100)
    assert comparison.p == 1 / 100


def test_changing_sides_changes_the_sign_and_not_the_p() -> None:
    generator = np.random.default_rng(4)
    first, second = drawn_statistics(generator, 2, 13), drawn_statistics(generator, 2, 13)
    there, back = randomise(first, second), randomise(second, first)
    assert (there.difference, there.p) == (pytest.approx(-back.difference), back.p)


@pytest.mark.parametrize("shape", [(2, 5, 10), (3, 7, 10)])
def test_statistics_of_different_seeds_or_sentences_are_refused(shape: tuple[int, ...]) -> None:
    message = (
        "Approximate randomisation needs statistics (seeds, sentences, 10) of the same seeds and sentences, "
        f"received shapes (3, 5, 10) and {shape}. Compare only the seeds that both systems have."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        randomise(np.ones((3, 5, 10)), np.ones(shape))


def test_a_paired_t_of_three_seeds() -> None:
    # differences 1, 2, 3: t = 2 / (1 / sqrt(3)); with 2 degrees of freedom p = 1 - t / sqrt(2 + t²)
    comparison = paired_t([11, 22, 33], [10, 20, 30])
    t = 2 * math.sqrt(3)
    assert (comparison.difference, comparison.p) == pytest.approx((2, 1 - t / math.sqrt(2 + t * t)))


@given(values)
def test_the_paired_t_is_the_mean_over_its_standard_error(pairs: list[tuple[int, int]]) -> None:
    first, second = map(list, zip(*pairs, strict=True))
    differences = [one - other for one, other in pairs]
    if len(set(differences)) > 1:
        t = statistics.mean(differences) / (statistics.stdev(differences) / math.sqrt(len(pairs)))
        assert paired_t(first, second).p == pytest.approx(2 * stats.t.sf(abs(t), len(pairs) - 1))


def test_differences_that_are_equal_but_for_rounding_have_no_spread() -> None:
    assert paired_t([40.3, 41.3, 42.3], [40.1, 41.1, 42.1]).p == 0


@pytest.mark.parametrize(("first", "p"), [([3.0, 4.0], 1), ([5.0, 6.0], 0)])
def test_differences_without_spread_have_the_limiting_p(first: list[float], p: float) -> None:
    assert paired_t(first, [3.0, 4.0]).p == p


def test_six_seeds_that_agree_are_two_sign_patterns_of_64() -> None:
    comparison = flip([7, 8, 9, 10, 11, 12], [6, 6, 6, 6, 6, 6])
    assert (comparison.difference, comparison.p) == (3.5, 2 / 64)


def test_sign_patterns_with_the_same_sum_count() -> None:
    # of 3 ± 1 ± 2 = 6, 2, 4, 0 three reach the |3 + 1 - 2| observed, and so do their mirror images
    assert flip([3, 1, 0], [0, 0, 2]).p == 6 / 8


@given(values)
def test_the_sign_flip_counts_all_patterns(pairs: list[tuple[int, int]]) -> None:
    differences = [one - other for one, other in pairs]
    sums = [sum(map(operator.mul, signs, differences)) for signs in itertools.product((1, -1), repeat=len(pairs))]
    first, second = map(list, zip(*pairs, strict=True))
    assert flip(first, second).p == sum(abs(total) >= abs(sum(differences)) for total in sums) / len(sums)


def test_more_patterns_than_can_be_counted_are_drawn() -> None:
    # of 2^40 patterns two reach the mean of forty equal differences: no draw hits one, and p is (0 + 1) / (draws + 1)
    assert flip([1.0] * 40, [0.0] * 40).p == pytest.approx(2 / (SIGN_PATTERNS + 1))


def test_the_sign_flip_starts_where_it_can_reach_the_level() -> None:
    assert smallest_possible_p(SIGN_FLIP_SEEDS) < LEVEL < smallest_possible_p(SIGN_FLIP_SEEDS - 1)


@pytest.mark.parametrize(("seeds", "p"), [(1, 1), (3, 0.25), (5, 0.0625), (6, 0.03125)])
def test_few_seeds_bound_the_p_from_below(seeds: int, p: float) -> None:
    assert smallest_possible_p(seeds) == p


@pytest.mark.parametrize("test", [paired_t, flip])
def test_unpaired_values_are_refused(test: Callable[[list[float], list[float]], Comparison]) -> None:
    message = (
        "A paired test needs one value of each system for each seed, received 3 and 2 values. "
        "Compare only the seeds that both systems have."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        test([1, 2, 3], [1, 2])


def test_a_paired_t_of_one_seed_is_refused() -> None:
    message = "A paired t test needs at least two seeds, received 1. Run more seeds of both."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        paired_t([1], [2])
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        needed_t(1)


def test_holm_multiplies_the_smallest_most_and_never_turns_the_order_round() -> None:
    # 0.01 * 3, 0.03 * 2, and 0.04 * 1 raised to its predecessor
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@given(probabilities)
def test_holm_keeps_the_order_and_never_lowers_a_p(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, corrected, strict=True))
    ordered = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [corrected[index] for index in ordered] == sorted(corrected)


def test_holm_of_no_comparisons_is_empty() -> None:
    assert holm([]) == []


@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan])
def test_what_is_no_probability_is_refused(wrong: float) -> None:
    message = f"p-values lie between 0 and 1, received [0.5, {wrong}]. Omit comparisons without one."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        holm([0.5, wrong])


def test_three_seeds_and_ten_pairs_need_a_t_of_fourteen() -> None:
    # the quantile (2p - 1) / sqrt(2 p (1 - p)) of 2 degrees of freedom at p = 1 - 0.05 / 10 / 2
    assert needed_t(3, 10) == pytest.approx(0.995 / math.sqrt(2 * 0.9975 * 0.0025))


def test_more_comparisons_need_a_larger_t_and_more_seeds_a_smaller() -> None:
    assert needed_t(3, 1) < needed_t(3, 2)
    assert needed_t(4, 2) < needed_t(3, 2)
