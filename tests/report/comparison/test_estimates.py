"""Intervals for one, two and more seeds."""

import math

import numpy as np
import pytest

from attnbench.metrics import metric_of
from attnbench.report.comparison.estimates import Bounds, Estimate, estimate, generator
from attnbench.report.render.fields import estimate_cell
from attnbench.scoring.intervals import bootstrap_interval
from tests.report.synthetic import drawn_sentences


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


def test_one_seed_gives_a_bootstrap_interval_over_its_sentences() -> None:
    statistics = drawn_sentences(0.5)[:, 1:]
    interval = bootstrap_interval(statistics, generator=generator("a"))
    found = estimate([43.0], lambda: interval)
    assert (found.value, found.bounds) == (43.0, Bounds.OVER_SENTENCES)
    assert (found.low, found.high) == (interval.low, interval.high)
    assert shown(found)[1] == f"[{found.low:.2f}, {found.high:.2f}]"


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
