"""One number for the runs of a variant, with the bounds that so many seeds allow; BLEU by length; the Pareto front."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache

import numpy as np

from attnbench.report.comparison.variants import Variant
from attnbench.scoring.intervals import Interval, bootstrap_interval, t_interval
from attnbench.scoring.length import Bucket, bucket_bleu

NAN = float("nan")


class Bounds(Enum):
    """What the bounds of an estimate are, and its short form below a number of seeds."""

    OVER_SEEDS = "95 % t interval over seeds", "t interval"
    OVER_SENTENCES = "95 % bootstrap interval over sentences", "bootstrap"
    BOTH_VALUES = "both values", "both values"
    ONE_VALUE = "one value", ""
    NONE = "", ""

    def __init__(self, description: str, label: str) -> None:
        self.description, self.label = description, label


@dataclass(frozen=True)
class Estimate:
    """A value, low and high in the metric's unit, NaN where there are none; `bounds` says what low and high are."""

    value: float
    low: float = NAN
    high: float = NAN
    bounds: Bounds = Bounds.NONE

    @property
    def bounded(self) -> bool:
        """Whether it has bounds."""
        return not np.isnan(self.low)

    @property
    def error(self) -> list[list[float]] | None:
        """Distances to low and high, as matplotlib draws error bars."""
        return [[self.value - self.low], [self.high - self.value]] if self.bounded else None


def estimate(values: Sequence[float], over_sentences: Callable[[], Interval] | None = None) -> Estimate:
    """Mean and t interval from three values on, one a seed; of two, both; with one that is not finite, the mean alone.

    A single value has the bootstrap interval that `over_sentences` draws, where that is possible.
    """
    if not values:
        return Estimate(NAN)
    mean = float(np.mean(values))
    if not np.all(np.isfinite(values)):
        return Estimate(mean, bounds=Bounds.ONE_VALUE)
    if len(values) > 2:
        # The mean of equal values may differ from them in the last digit.
        interval = t_interval(values) if len(set(values)) > 1 else Interval(values[0], values[0], values[0])
        return Estimate(interval.value, interval.low, interval.high, Bounds.OVER_SEEDS)
    if len(values) == 2:
        return Estimate(mean, min(values), max(values), Bounds.BOTH_VALUES)
    if over_sentences is not None:
        interval = over_sentences()
        return Estimate(values[0], interval.low, interval.high, Bounds.OVER_SENTENCES)
    return Estimate(values[0], bounds=Bounds.ONE_VALUE)


@cache
def estimate_of(variant: Variant, key: str) -> Estimate:
    """The estimate of one metric; for test BLEU of a single seed with the bootstrap interval over its sentences."""
    statistics = variant.runs[0].statistics if key == "test/bleu" and len(variant.runs) == 1 else None
    if statistics is None:
        return estimate(variant.metric(key))
    draws = generator(f"{key} {variant.label}")
    return estimate(variant.metric(key), lambda: bootstrap_interval(statistics, generator=draws))


def length_buckets(variant: Variant) -> list[Bucket]:
    """BLEU by source length, mean over seeds, shortest first; empty without statistics or large enough buckets."""
    rows = [run.sentences for run in variant.runs if run.sentences is not None]
    same = [one for one in rows if np.array_equal(one[:, [0, -1]], rows[0][:, [0, -1]])]
    if not same:
        return []
    statistics, lengths = np.stack(same)[..., 1:], same[0][:, 0]
    return bucket_bleu(statistics, lengths, generator=generator(f"length {variant.label}"))


def generator(purpose: str) -> np.random.Generator:
    """A random generator that depends on `purpose` alone, so that the same runs give the same report."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8]))


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of the points (higher is better in both) that no other point dominates."""
    array = np.asarray(points, dtype=np.float64)
    return [
        index
        for index, point in enumerate(array)
        if not np.any(np.all(array >= point, axis=1) & np.any(array > point, axis=1))
    ]


def on_front(variants: Sequence[Variant], quality: str, speed: str) -> list[Variant]:
    """The variants that no other one dominates in the metrics `quality` and `speed`; those without either are out."""
    measured = [variant for variant in variants if variant.metric(quality) and variant.metric(speed)]
    points = [(estimate_of(variant, speed).value, estimate_of(variant, quality).value) for variant in measured]
    return [measured[index] for index in pareto_front(points)]
