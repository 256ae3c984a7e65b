"""One number for the runs of a variant, with the interval that so many seeds allow."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from attnbench.metrics import Metric
from attnbench.report.comparison.variants import Variant
from attnbench.scoring.intervals import bootstrap_interval, t_interval
from attnbench.wording import DASH

OVER_SEEDS = "95 % t interval over seeds"
OVER_SENTENCES = "95 % bootstrap interval over sentences"
BOTH_VALUES = "both values"
ONE_VALUE = "one value"
KINDS = {OVER_SEEDS: "t interval", BOTH_VALUES: "both values", OVER_SENTENCES: "bootstrap"}
"""What stands below a number of seeds."""


@dataclass(frozen=True)
class Estimate:
    """A value and its bounds, in the metric's unit; `kind` says what the bounds are; NaN where there are none."""

    value: float
    low: float
    high: float
    kind: str

    @property
    def exists(self) -> bool:
        """Whether there is a value at all."""
        return not np.isnan(self.value)

    @property
    def bounded(self) -> bool:
        """Whether it has bounds."""
        return not np.isnan(self.low)


def estimate(values: Sequence[float], statistics: np.ndarray | None = None, purpose: str = "") -> Estimate:
    """Mean and t interval from three values on; of two, both; of one, or with one that is not finite, the mean alone.

    Args:
        values: one a seed.
        statistics: BLEU statistics `(sentences, 10)` of the only seed: then its bootstrap interval is given.
        purpose: names the estimate, so that its random numbers depend on nothing else.
    """
    nan = float("nan")
    if not np.all(np.isfinite(values)):
        return Estimate(float(np.mean(values)), nan, nan, ONE_VALUE)
    if len(values) >= 2 and len(set(values)) == 1:
        return Estimate(values[0], values[0], values[0], OVER_SEEDS if len(values) >= 3 else BOTH_VALUES)
    if len(values) >= 3:
        interval = t_interval(values)
        return Estimate(interval.value, interval.low, interval.high, OVER_SEEDS)
    if len(values) == 2:
        return Estimate(float(np.mean(values)), min(values), max(values), BOTH_VALUES)
    if len(values) == 1 and statistics is not None:
        interval = bootstrap_interval(statistics, generator=generator(purpose))
        return Estimate(values[0], interval.low, interval.high, OVER_SENTENCES)
    return Estimate(values[0], nan, nan, ONE_VALUE) if values else Estimate(nan, nan, nan, "")


@cache
def estimate_of(variant: Variant, key: str) -> Estimate:
    """The estimate of one metric; for test BLEU of a single seed with the bootstrap interval over its sentences."""
    only = variant.runs[0].statistics if key == "test/bleu" and len(variant.runs) == 1 else None
    return estimate(variant.metric(key), only, f"{key} {variant.label}")


def generator(purpose: str) -> np.random.Generator:
    """A random generator that depends on `purpose` alone, so that the same runs give the same report."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8]))


def texts_of(found: Estimate, metric: Metric) -> tuple[str, str]:
    """An estimate for readers: its value; below it the interval or the second of two values, where seeds differ."""
    if not found.exists:
        return DASH, ""
    if found.low == found.high:
        return metric.format(found.value), ""
    if found.kind == OVER_SEEDS:
        return metric.format(found.value), f"± {metric.format(found.high - found.value, found.value)}"
    if found.kind == BOTH_VALUES:
        return metric.format(found.low, found.value), metric.format(found.high, found.value)
    if found.kind == OVER_SENTENCES:
        low, high = (metric.format(bound, found.value) for bound in (found.low, found.high))
        return metric.format(found.value), f"[{low}, {high}]"
    return metric.format(found.value), ""
