"""Intervals and p-values worked out by hand, and their error on nulls that are simulated."""

import math
import re
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnbench.records.sentences import STATISTICS
from attnbench.scoring.bleu import Columns
from attnbench.scoring.inference import LEVEL, Crossed, crossed, holm, percentile_interval
from attnbench.scoring.length import LengthParts
from attnbench.scoring.redraws import redraw

# The t distribution with 2 degrees of freedom has the quantile (2p - 1) / sqrt(2 p (1 - p)) and the upper tail
# (1 - t / sqrt(2 + t²)) / 2; a normal variable lies 1.959964 or more above its mean in 2.5 % of cases.
T_975_2 = 0.95 / math.sqrt(2 * 0.975 * 0.025)
Z_975 = 1.959964

# Two seeds on two draws: the mean varies as 10, 14 (variance 8), a single seed as 8, 14 (18) and as 12, 14 (2).
REDRAWN = np.array([[8.0, 14.0], [12.0, 14.0]])


def test_without_sentences_it_is_the_t_interval_and_the_paired_t() -> None:
    found = crossed([1.0, 2.0, 3.0])
    half = T_975_2 * 1 / math.sqrt(3)
    assert (found.interval.low, found.interval.value, found.interval.high) == pytest.approx((2 - half, 2, 2 + half))
    t = 2 * math.sqrt(3)
    assert found.p == pytest.approx(1 - t / math.sqrt(2 + t * t))


def test_without_seeds_that_differ_it_is_the_normal_interval() -> None:
    found = Crossed(2.0, seeds=3, seed_variance=0.0, sentence_variance=0.25)
    assert (found.interval.low, found.interval.high) == pytest.approx((2 - Z_975 / 2, 2 + Z_975 / 2))
    assert found.p == pytest.approx(math.erfc(2 / 0.5 / math.sqrt(2)))


def test_both_parts_weigh_their_quantiles_by_their_variances() -> None:
    found = Crossed(0.0, seeds=3, seed_variance=9.0, sentence_variance=16.0)
    assert found.standard_error == 5
    assert found.interval.high == pytest.approx((9 * T_975_2 + 16 * Z_975) / 25 * 5)
    assert (found.seed_half_width, found.sentence_half_width) == pytest.approx((3 * T_975_2, 4 * Z_975))


def test_what_sentences_do_to_single_seeds_is_not_counted_twice() -> None:
    found = crossed([10.0, 14.0], REDRAWN)
    assert found.value == 12
    assert found.seed_variance == 8 / 2
    # w = 8, single seeds (18 + 2) / 2 = 10, so r = (10 - 8) / (2 - 1) = 2
    assert found.sentence_variance == pytest.approx(8 - 2)


def test_one_seed_has_sentences_alone() -> None:
    found = crossed([10.0], REDRAWN[:1])
    assert math.isnan(found.seed_variance)
    assert found.sentence_variance == 18


def test_the_p_value_is_the_level_at_which_the_interval_touches_zero() -> None:
    found = Crossed(1.0, seeds=5, seed_variance=0.3, sentence_variance=0.2)
    touching = Crossed(found.interval.high - found.value, 5, 0.3, 0.2)
    assert touching.p == pytest.approx(LEVEL)
    assert touching.interval.low == pytest.approx(0)


@given(
    distances=st.lists(st.floats(0, 50), min_size=2, max_size=5, unique=True),
    seeds=st.integers(3, 20),
    parts=st.tuples(st.floats(0.01, 10), st.floats(0.01, 10)),
)
def test_a_larger_difference_has_a_smaller_p_in_either_direction(
    distances: list[float], seeds: int, parts: tuple[float, float]
) -> None:
    p = [Crossed(distance, seeds, *parts).p for distance in sorted(distances)]
    assert all(0 <= larger <= smaller <= 1 for smaller, larger in pairwise(p))
    assert [Crossed(-distance, seeds, *parts).p for distance in sorted(distances)] == p


@pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (2.0, 0.0)])
def test_without_any_spread_a_difference_is_certain(value: float, p: float) -> None:
    found = crossed([value] * 3, np.full((3, 7), value))
    assert found.p == p
    assert (found.interval.low, found.interval.high) == (value, value)


def test_values_that_are_equal_but_for_rounding_have_no_spread() -> None:
    assert crossed([40.3 - 40.1, 41.3 - 41.1, 0.2]).seed_variance == 0


def test_two_one_sided_tests_meet_the_level_where_the_90_percent_interval_touches_the_margin() -> None:
    z_95 = 1.644854
    found = Crossed(0.2, seeds=3, seed_variance=0.0, sentence_variance=0.01)
    assert found.equivalence_p(0.2 + 0.1 * z_95) == pytest.approx(0.05, abs=1e-6)
    assert found.equivalence_p(0.2) == 0.5
    assert found.equivalence_p(0.2 - 0.1 * z_95) == pytest.approx(0.95, abs=1e-6)


def test_what_can_be_detected_is_found_in_four_of_five_draws() -> None:
    found = Crossed(0.0, seeds=3, seed_variance=0.0, sentence_variance=1.0)
    # a normal test with power 0.8 needs z(0.975) + z(0.8) standard errors
    assert found.detectable() == pytest.approx(Z_975 + 0.841621)
    assert found.detectable(comparisons=10) > found.detectable()


def test_every_seed_needs_its_redrawn_values() -> None:
    message = (
        "Every seed needs its redrawn values: received 3 values and redrawn values of shape (2, 2). "
        "Expected shape (3, draws)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        crossed([1.0, 2.0, 3.0], REDRAWN)


def test_percentiles_of_forty_draws_leave_one_out_on_either_side() -> None:
    found = percentile_interval(20.0, np.arange(41.0))
    assert (found.low, found.value, found.high) == pytest.approx((1, 20, 39))


def test_the_interval_holds_a_value_outside_the_percentiles() -> None:
    found = percentile_interval(50.0, np.arange(41.0))
    assert (found.low, found.value, found.high) == pytest.approx((1, 50, 50))


def test_holm_multiplies_the_smallest_most_and_never_changes_the_order() -> None:
    # 0.01 * 3, 0.03 * 2, and 0.04 * 1 raised to its predecessor
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@pytest.mark.slow
@settings(max_examples=20, deadline=None)  # statsmodels collects garbage at each call
@given(st.lists(st.floats(0, 1), min_size=1, max_size=11))
def test_holm_keeps_the_order_and_never_lowers_a_p(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, corrected, strict=True))
    ordered = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [corrected[index] for index in ordered] == sorted(corrected)


def test_holm_of_no_comparisons_is_empty() -> None:
    assert holm([]) == []


def test_a_comparison_without_a_p_is_not_counted() -> None:
    assert holm([0.01, math.nan, 0.04]) == pytest.approx([0.02, math.nan, 0.04], nan_ok=True)


# Deviations of a difference: of a seed, of a sentence, of a sentence under a seed; the statistic is a mean.
MIXTURES = {"sentences": (0.0, 1.0, 1.0), "seeds": (0.3, 0.3, 0.5), "both": (0.1, 1.0, 1.0)}
SENTENCES, DRAWS, STUDIES = 100, 500, 4000


@pytest.mark.slow
@pytest.mark.parametrize("mixture", MIXTURES)
@pytest.mark.parametrize("seeds", [3, 5, 8])
def test_a_true_null_is_rejected_in_about_one_of_twenty_studies(seeds: int, mixture: str) -> None:
    generator = np.random.default_rng([seeds, *map(ord, mixture)])
    of_seed, of_sentence, of_both = MIXTURES[mixture]
    counts = redraw([0] * SENTENCES, generator=generator, draws=DRAWS)
    rejected = 0
    for _ in range(STUDIES):
        differences = (
            of_seed * generator.standard_normal((seeds, 1))
            + of_sentence * generator.standard_normal((1, SENTENCES))
            + of_both * generator.standard_normal((seeds, SENTENCES))
        )
        interval = crossed(differences.mean(axis=1), differences @ counts / SENTENCES).interval
        rejected += not interval.low <= 0 <= interval.high
    # 4,000 studies find a rate of 0.05 within ± 0.007 in 95 % of cases
    assert 0.025 <= rejected / STUDIES <= 0.06


def _translated(
    generator: np.random.Generator, skills: npt.NDArray[np.float64], difficulty: npt.NDArray[np.float64]
) -> list[Columns]:
    """For each seed, sentences of 12 tokens, each n-gram right with a chance of skill less difficulty."""
    total = np.broadcast_to([12, 11, 10, 9], (len(skills), len(difficulty), 4))
    chance = 1 / (1 + np.exp(difficulty[None, :, None] - skills[:, None, None] + 0.3 * np.arange(4)))
    tokens = np.full((*total.shape[:2], 2), 12)
    statistics = np.concatenate([generator.binomial(total, chance), total, tokens], axis=-1)
    return [dict(zip(STATISTICS, of_seed.T, strict=True)) for of_seed in statistics]


@pytest.mark.slow
def test_two_names_of_one_mechanism_are_told_apart_by_bleu_in_about_one_of_twenty_studies() -> None:
    generator = np.random.default_rng(12)
    seeds, studies = 5, 600
    parts = LengthParts.of([12] * SENTENCES, sequence_length=20)
    counts = redraw([0] * SENTENCES, generator=generator, draws=200)
    rejected = 0
    for _ in range(studies):
        difficulty = generator.standard_normal(SENTENCES)
        skills = generator.normal(1.0, 0.1, size=(2, seeds))
        pair = [_translated(generator, of_name, difficulty) for of_name in skills]
        first, second = (np.array([parts.scores(rows)["test/bleu"] for rows in system]) for system in pair)
        drawn_first, drawn_second = (
            np.array([parts.scores(rows, counts)["test/bleu"] for rows in system]) for system in pair
        )
        rejected += crossed(first - second, drawn_first - drawn_second).p < LEVEL
    # 600 studies find a rate of 0.05 within ± 0.018 in 95 % of cases
    assert 0.015 <= rejected / studies <= 0.08
