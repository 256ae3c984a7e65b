"""Intervals over seeds and over sentences."""

import math
import re

import numpy as np
import numpy.typing as npt
import pytest

from attnbench.scoring.intervals import bootstrap_difference, bootstrap_interval, t_interval

# The t distribution with 2 degrees of freedom has the quantile (2p - 1) / sqrt(2 p (1 - p)).
T_975_2 = 0.95 / math.sqrt(2 * 0.975 * 0.025)


def sentences(*bleu: int) -> npt.NDArray[np.int64]:
    """Statistics of sentences that have these scores; a group of them has the mean of their scores."""
    return np.array([[b] * 4 + [100] * 6 for b in bleu])


def test_a_t_interval_of_three_seeds() -> None:
    interval = t_interval([1, 2, 3])
    half = T_975_2 * 1 / math.sqrt(3)
    assert (interval.low, interval.value, interval.high) == pytest.approx((2 - half, 2, 2 + half))


def test_equal_values_have_an_interval_without_width() -> None:
    interval = t_interval([7.5, 7.5])
    assert (interval.low, interval.value, interval.high) == (7.5, 7.5, 7.5)


def test_one_value_has_no_t_interval() -> None:
    message = (
        "A t interval needs at least two values, received 1. "
        "Run more seeds, or use a bootstrap interval over sentences."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        t_interval([3.0])


def test_a_bootstrap_interval_is_about_two_standard_errors_wide() -> None:
    # half the sentences score 40, half 60: the mean of 400 has the standard error 10 / sqrt(400) = 0.5
    interval = bootstrap_interval(sentences(*[40, 60] * 200), generator=np.random.default_rng(5), draws=4000)
    assert interval.value == pytest.approx(50)
    assert (interval.low, interval.high) == pytest.approx((50 - 1.96 * 0.5, 50 + 1.96 * 0.5), abs=0.08)


def test_sentences_that_are_all_alike_have_an_interval_without_width() -> None:
    interval = bootstrap_interval(sentences(30, 30, 30), generator=np.random.default_rng(5))
    assert (interval.low, interval.value, interval.high) == pytest.approx((30, 30, 30))


def test_several_seeds_give_the_interval_of_their_mean() -> None:
    seeds = np.stack([sentences(*[40, 60] * 53), sentences(*[60, 40] * 53)])
    # what one seed gains on a drawn sentence the other loses
    interval = bootstrap_interval(seeds, generator=np.random.default_rng(5))
    assert (interval.low, interval.value, interval.high) == pytest.approx((50, 50, 50))


def test_a_constant_difference_is_certain_however_the_sentences_vary() -> None:
    first, second = sentences(*range(20, 60)), sentences(*range(15, 55))
    interval = bootstrap_difference(first, second, generator=np.random.default_rng(5))
    assert (interval.low, interval.value, interval.high) == pytest.approx((5, 5, 5))


def test_a_difference_of_several_seeds_is_the_mean_of_their_differences() -> None:
    first = np.stack([sentences(*range(20, 60)), sentences(*range(30, 70))])
    second = np.stack([sentences(*range(18, 58)), sentences(*range(26, 66))])
    interval = bootstrap_difference(first, second, generator=np.random.default_rng(5))
    assert (interval.low, interval.value, interval.high) == pytest.approx((3, 3, 3))


def test_systems_of_different_sentences_are_refused() -> None:
    message = (
        "A difference needs statistics of the same seeds and sentences, received shapes (1, 2, 10) and (1, 3, 10). "
        "Compare only what both systems have."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        bootstrap_difference(sentences(1, 2), sentences(1, 2, 3), generator=np.random.default_rng(5))
