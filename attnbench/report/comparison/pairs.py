"""Pairs of variants that differ in one factor, and the two tests of each: A, test-set noise; B, training noise."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from attnbench.report.comparison.estimates import NAN, Estimate, estimate, generator
from attnbench.report.comparison.variants import Variant
from attnbench.report.sources.runs import TEXTS, Run
from attnbench.scoring.intervals import Interval, bootstrap_difference
from attnbench.scoring.significance import (
    LEVEL,
    SIGN_FLIP_SEEDS,
    approximate_randomisation,
    holm,
    paired_t,
    sign_flip,
)

DRAWS = 10_000

Statistics = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""BLEU statistics of both variants of a pair, each `(seeds, sentences, 10)`."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Two variants and how sure their difference is.

    Attributes:
        first: the variant of higher mean test BLEU.
        second: the other.
        factor: the one factor in which they differ.
        seeds: those that both have.
        difference: mean over the seeds of test BLEU, first less second.
        a: p of test A, NaN where per-sentence statistics are missing; `a_holm` after Holm's correction over all pairs.
        b: p of test B (paired t), NaN with fewer than two seeds; `b_holm` likewise.
        sign_flip: p of the sign-flip test, uncorrected, NaN with too few seeds.
    """

    first: Variant
    second: Variant
    factor: str
    seeds: tuple[int, ...]
    difference: Estimate
    a: float
    b: float
    sign_flip: float
    a_holm: float = NAN
    b_holm: float = NAN

    @property
    def beyond_test_set(self) -> bool:
        """Whether the choice of test sentences does not explain the difference."""
        return self.a_holm < LEVEL

    @property
    def beyond_training(self) -> bool:
        """Whether the choice of seeds does not explain the difference."""
        return self.b_holm < LEVEL

    @property
    def established(self) -> bool:
        """Whether neither kind of noise explains the difference."""
        return self.beyond_test_set and self.beyond_training


def pairs_of(variants: Sequence[Variant]) -> tuple[Pair, ...]:
    """All pairs of variants with a test BLEU on the same test set that differ in one factor, corrected together."""
    pairs = [
        _compare(one, other, factors[0])
        for one, other in itertools.combinations(variants, 2)
        if len(factors := _differing(one, other)) == 1 and factors[0] != "data" and _shared(one, other)
    ]
    a_holm, b_holm = (holm([getattr(pair, name) for pair in pairs]) for name in ("a", "b"))
    return tuple(replace(pair, a_holm=a, b_holm=b) for pair, a, b in zip(pairs, a_holm, b_holm, strict=True))


def _differing(one: Variant, other: Variant) -> list[str]:
    return [key for key, value in one.values.items() if other.values[key] != value]


def _shared(one: Variant, other: Variant) -> list[tuple[Run, Run]]:
    """The runs of the two that have the same seed and a test BLEU on the same test set."""
    by_seed = {run.seed: run for run in other.runs if "test/bleu" in run.metrics}
    matched = [(run, by_seed[run.seed]) for run in one.runs if "test/bleu" in run.metrics and run.seed in by_seed]
    return [(a, b) for a, b in matched if _same_test_set(a, b)]


def _same_test_set(one: Run, other: Run) -> bool:
    """Whether nothing speaks against it: the same references, where their lengths are known."""
    if one.sentences is None or other.sentences is None:
        return all(one.params.get(key) == other.params.get(key) for key in ("data", TEXTS))
    return np.array_equal(one.sentences[:, -1], other.sentences[:, -1])


def _compare(one: Variant, other: Variant, factor: str) -> Pair:
    shared = _shared(one, other)
    scores = np.array([[run.metrics["test/bleu"] for run in runs] for runs in shared])
    if scores[:, 0].mean() < scores[:, 1].mean():
        one, other, scores, shared = other, one, scores[:, ::-1], [(b, a) for a, b in shared]
    statistics = _statistics(shared)
    purpose = f"{one.label} | {other.label}"
    differences = (scores[:, 0] - scores[:, 1]).tolist()
    a = b = signs = NAN
    if statistics is not None:
        a = approximate_randomisation(*statistics, generator=generator(f"A {purpose}"), draws=DRAWS)
    if len(shared) >= 2:
        b = paired_t(differences)
    if len(shared) >= SIGN_FLIP_SEEDS:
        signs = sign_flip(differences, generator=generator(f"signs {purpose}"))
    interval = statistics and partial(_over_sentences, statistics, purpose)
    seeds = tuple(run.seed for run, _ in shared)
    return Pair(one, other, factor, seeds, estimate(differences, interval), a, b, signs)


def _over_sentences(statistics: Statistics, purpose: str) -> Interval:
    return bootstrap_difference(*statistics, generator=generator(f"difference {purpose}"))


def _statistics(shared: Sequence[tuple[Run, Run]]) -> Statistics | None:
    """BLEU statistics of both, each `(seeds, sentences, 10)`; None unless every run has them."""
    first, second = ([run.statistics for run in runs] for runs in zip(*shared, strict=True))
    if any(rows is None for rows in first + second):
        return None
    return np.stack(first), np.stack(second)
