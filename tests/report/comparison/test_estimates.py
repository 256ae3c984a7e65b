"""Intervals for one, two and more seeds."""

import math

import numpy as np
import pytest

from attnbench.metrics import metric_of
from attnbench.report.comparison.estimates import Bounds, Estimate, estimate
from attnbench.report.comparison.redrawn import generator
from attnbench.report.render.fields import estimate_cell


def shown(found: Estimate) -> tuple[str, str]:
    cell = estimate_cell(found, metric_of("test/bleu"))
    return cell.text, cell.detail


def test_three_seeds_give_mean_and_t_interval() -> None:
    found = estimate([40.0, 41.0, 42.0])
    # standard deviation 1, t of 2 degrees of freedom 4.3027
    assert (found.value, found.bounds) == (41.0, Bounds.OVER_SEEDS)
    assert found.high - found.value == pytest.approx(4.30265 / math.sqrt(3), abs=1e-4)
    assert shown(found) == ("41.00", "± 2.48")


def test_two_seeds_give_both_values_and_no_interval() -> None:
    found = estimate([42.0, 40.0])
    assert (found.value, found.low, found.high, found.bounds) == (41.0, 40.0, 42.0, Bounds.BOTH_VALUES)
    assert shown(found) == ("40.00", "42.00")


def test_one_seed_gives_a_percentile_interval_over_redrawn_sentences() -> None:
    found = estimate([43.0], np.arange(23, 64, dtype=np.float32)[None])
    # 41 draws: one is left out on either side
    assert (found.value, found.bounds) == (43.0, Bounds.OVER_SENTENCES)
    assert (found.low, found.high) == pytest.approx((24, 62))
    assert shown(found) == ("43.00", "[24.00, 62.00]")


def test_seeds_and_sentences_both_widen_the_interval() -> None:
    seeds = estimate([40.0, 41.0, 42.0])
    both = estimate([40.0, 41.0, 42.0], np.array([[37.0, 43.0], [38.0, 44.0], [39.0, 45.0]], np.float32))
    assert both.bounds is Bounds.OVER_BOTH
    assert both.high - both.value > seeds.high - seeds.value


def test_on_a_ratio_scale_mean_and_interval_are_those_of_the_logarithm() -> None:
    found = estimate([1.0, 10.0, 100.0], ratio_scale=True)
    # log10: mean 1, standard deviation 1, t of 2 degrees of freedom 4.3027
    assert found.value == pytest.approx(10)
    assert (found.low, found.high) == pytest.approx((10 ** (1 - 2.48414), 10 ** (1 + 2.48414)), rel=1e-4)


def test_where_a_redrawn_value_has_no_logarithm_the_interval_is_one_over_seeds() -> None:
    redraws = np.array([[1.0, 2.0], [10.0, 0.0], [100.0, 90.0]], np.float32)
    assert estimate([1.0, 10.0, 100.0], redraws, ratio_scale=True) == estimate([1.0, 10.0, 100.0], ratio_scale=True)


def test_a_zero_has_no_logarithm_and_no_interval() -> None:
    found = estimate([0.0, 1.0, 2.0], ratio_scale=True)
    assert (found.value, found.bounded) == (1.0, False)


def test_one_seed_without_sentences_is_one_value() -> None:
    found = estimate([43.0])
    assert (found.value, found.bounds, found.bounded) == (43.0, Bounds.ONE_VALUE, False)
    assert shown(found) == ("43.00", "")


def test_nothing_gives_a_dash() -> None:
    assert np.isnan(estimate([]).value)
    assert shown(estimate([])) == ("–", "")


def test_equal_values_have_no_interval_to_show() -> None:
    assert shown(estimate([0.1, 0.1, 0.1])) == ("0.10", "")


def test_a_value_that_is_not_finite_has_no_interval() -> None:
    found = estimate([1.0, 2.0, math.inf])
    assert (found.value, found.bounded) == (math.inf, False)
    assert shown(found) == ("∞", "")


def test_random_numbers_depend_on_the_purpose_alone() -> None:
    one, same, other = (generator(purpose).integers(2**32) for purpose in ("a", "a", "b"))
    assert one == same != other
    assert np.random.default_rng(1).integers(2**32) != one
