"""One number for the runs of a variant, or for a difference of two, with the bounds that so many seeds allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache

import numpy as np
import numpy.typing as npt

from attnbench.metrics import metric_of
from attnbench.report.comparison.redrawn import redrawn, same_test_set
from attnbench.report.comparison.variants import Variant
from attnbench.report.sources.runs import Run
from attnbench.scoring.inference import LEAST_SEEDS, Crossed, crossed, percentile_interval

NAN = float("nan")

Redraws = npt.NDArray[np.float32]
"""`(seeds, draws)`, a statistic on redrawn test sets."""


class Bounds(Enum):
    """What the bounds of an estimate are, and its short form below a number of seeds."""

    OVER_BOTH = "95 % interval over seeds and sentences", "seeds × sentences"
    OVER_SEEDS = "95 % t interval over seeds", "t interval"
    OVER_SENTENCES = "95 % bootstrap interval over sentences", "over sentences"
    BOTH_VALUES = "both values", "both values"
    ONE_VALUE = "one value", ""
    NONE = "", ""

    def __init__(self, description: str, label: str) -> None:
        self.description, self.label = description, label

    @property
    def is_interval(self) -> bool:
        """Whether they bound what other seeds or sentences would give."""
        return self in (Bounds.OVER_BOTH, Bounds.OVER_SEEDS, Bounds.OVER_SENTENCES)


@dataclass(frozen=True)
class Estimate:
    """A value, low and high in the metric's unit, NaN where there are none.

    Attributes:
        bounds: what low and high are.
        crossed: from `LEAST_SEEDS` seeds on, the parts of its uncertainty; of the logarithm on a ratio scale.
    """

    value: float
    low: float = NAN
    high: float = NAN
    bounds: Bounds = Bounds.NONE
    crossed: Crossed | None = None

    @property
    def bounded(self) -> bool:
        """Whether it has bounds."""
        return not np.isnan(self.low)

    @property
    def error(self) -> list[list[float]] | None:
        """Distances to low and high, as matplotlib draws error bars."""
        return [[self.value - self.low], [self.high - self.value]] if self.bounded else None


def estimate(values: Sequence[float], redraws: Redraws | None = None, *, ratio_scale: bool = False) -> Estimate:
    """The mean over seeds with its interval from three seeds on; of two, both values.

    A single value has its percentile interval over redrawn sentences. On a ratio scale mean and interval are those of
    the logarithm, taken back: the mean is geometric. Values that are not finite, or not positive on a ratio scale, have
    a mean and no interval.

    Args:
        values: one a seed.
        redraws: the same values on redrawn test sets, where they are computed from sentences.
        ratio_scale: whether values are positive and vary by factors.
    """
    if not len(values):
        return Estimate(NAN)
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all() or (ratio_scale and (array <= 0).any()):
        return Estimate(float(array.mean()), bounds=Bounds.ONE_VALUE)
    if len(array) == 1:
        if redraws is None:
            return Estimate(float(array[0]), bounds=Bounds.ONE_VALUE)
        interval = percentile_interval(array[0], redraws)
        return Estimate(interval.value, interval.low, interval.high, Bounds.OVER_SENTENCES)
    if len(array) < LEAST_SEEDS:
        mean = np.exp(np.log(array).mean()) if ratio_scale else array.mean()
        return Estimate(float(mean), float(array.min()), float(array.max()), Bounds.BOTH_VALUES)
    if ratio_scale:
        array, redraws = np.log(array), _log(redraws)
    found = crossed(array, redraws)
    interval = found.interval
    bounds = Bounds.OVER_SEEDS if redraws is None else Bounds.OVER_BOTH
    low, value, high = (
        float(np.exp(one)) if ratio_scale else one for one in (interval.low, interval.value, interval.high)
    )
    return Estimate(value, low, high, bounds, found)


@cache
def estimate_of(variant: Variant, key: str) -> Estimate:
    """The estimate of one metric of a variant."""
    values, redraws = scores_of(variant.runs, key)
    return estimate(values, redraws, ratio_scale=metric_of(key).on_ratio_scale)


def scores_of(runs: Sequence[Run], key: str) -> tuple[list[float], Redraws | None]:
    """A metric of each run that has it; also on redrawn test sets, where it is computed from sentences of one set."""
    found = [redrawn(run) for run in runs if same_test_set(run, runs[0])]
    scores = [one for one in found if one is not None and key in one.values]
    if len(scores) == len(runs) > 0:
        draws = np.stack([one.draws[key] for one in scores])
        return [one.values[key] for one in scores], draws if np.isfinite(draws).all() else None
    return [run.metrics[key] for run in runs if key in run.metrics], None


def _log(redraws: Redraws | None) -> Redraws | None:
    """The logarithms; None where a redrawn value has none."""
    return np.log(redraws) if redraws is not None and (redraws > 0).all() else None


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
