"""Redrawn test sets."""

import numpy as np
import pytest

from attnbench.scoring.redraws import redraw


def test_two_sentences_are_drawn_both_once_half_of_the_time() -> None:
    counts = redraw([0, 0], generator=np.random.default_rng(5), draws=4000)
    values, times = np.unique(counts.T, axis=0, return_counts=True)
    assert values.tolist() == [[0, 2], [1, 1], [2, 0]]
    # four standard deviations of a binomial count are at most 4 * sqrt(4000 / 4)
    assert times == pytest.approx([1000, 2000, 1000], abs=130)


def test_every_stratum_keeps_its_number_of_sentences() -> None:
    strata = [5, 7, 5, 5, 7, 11]
    counts = redraw(strata, generator=np.random.default_rng(5), draws=97)
    members = np.array(strata)
    assert (counts[members == 5].sum(axis=0) == 3).all()
    assert (counts[members == 7].sum(axis=0) == 2).all()
    assert (counts[members == 11] == 1).all()
    assert counts[members == 5].max() == 3


def test_the_same_generator_gives_the_same_draws() -> None:
    once, again = (redraw([0] * 7, generator=np.random.default_rng(5), draws=97) for _ in range(2))
    assert np.array_equal(once, again)
