"""What a new training run on new test sentences would give: one interval and one test for a value or a difference.

Seeds and test sentences are crossed: every seed is scored on every sentence. A number varies with both, so its standard
error has a part of each:

    d    = mean over the n seeds of a statistic, or of the difference of a statistic between two variants
    v    = s² / n, with s² the variance over seeds
    w    = variance of the bootstrap of d; one draw of the sentences serves all seeds of both variants
    r    = (mean over seeds of the bootstrap variance of a single seed - w) / (n - 1), at least 0
    u    = max(w - r, 0)
    se   = √(v + u)
    q(p) = (v · t(p) + u · z(p)) / (v + u), t with n - 1 degrees of freedom, z normal

What the draw of sentences does to single seeds lies in v and in w; r takes it out of one. q is Cochran's approximation
(Cochran 1964) to the quantile of a sum whose parts are known with different precision.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special
from statsmodels.stats.multitest import multipletests

CONFIDENCE = 0.95
LEVEL = 0.05
"""Below it a p-value, after Holm's correction, counts as significant."""

POWER = 0.8
"""The probability with which a difference of `Crossed.detectable` is found."""

LEAST_SEEDS = 3
"""With fewer seeds there is no p-value: their spread says too little of the spread of others."""


_ROUNDING = 1e-12
"""Share of their size by which equal values may come apart in floating point."""


@dataclass(frozen=True)
class Interval:
    """A value and the bounds of its 95 % interval, all in the value's unit."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Crossed:
    """A mean over seeds, scored on one test set, and how sure it is.

    Attributes:
        value: the mean, in the statistic's unit.
        seeds: how many.
        seed_variance: v, of the value as far as seeds make it vary.
        sentence_variance: u, of the value as far as the draw of sentences makes it vary; 0 for what is not computed
            from sentences.
    """

    value: float
    seeds: int
    seed_variance: float
    sentence_variance: float

    @property
    def standard_error(self) -> float:
        """√(v + u)."""
        return float(np.sqrt(self.seed_variance + self.sentence_variance))

    @property
    def interval(self) -> Interval:
        """The value ± q(0.975) · se."""
        half = self._half_width((1 - CONFIDENCE) / 2)
        return Interval(self.value, self.value - half, self.value + half)

    @property
    def seed_half_width(self) -> float:
        """Half of the 95 % interval if only seeds varied."""
        return float(-special.stdtrit(self.seeds - 1, (1 - CONFIDENCE) / 2) * np.sqrt(self.seed_variance))

    @property
    def sentence_half_width(self) -> float:
        """Half of the 95 % interval if only the test sentences varied."""
        return float(-special.ndtri((1 - CONFIDENCE) / 2) * np.sqrt(self.sentence_variance))

    @property
    def p(self) -> float:
        """Two-sided p-value of a value of 0: q(1 - p/2) · se = |value|."""
        return 2 * self._tail(abs(self.value))

    def equivalence_p(self, margin: float) -> float:
        """The larger p-value of two one-sided tests: that the true value lies outside ±`margin` (Schuirmann 1987)."""
        inside = margin - abs(self.value)
        return self._tail(inside) if inside >= 0 else 1 - self._tail(-inside)

    def detectable(self, comparisons: int = 1) -> float:
        """The true value that is told from 0 with probability `POWER`, as the smallest p of so many comparisons."""
        return self._half_width(LEVEL / comparisons / 2) + self._half_width(1 - POWER)

    def _half_width(self, tail: float) -> float:
        """q(1 - tail) · se."""
        if not self.standard_error:
            return 0.0
        t, z = -special.stdtrit(self.seeds - 1, tail), -special.ndtri(tail)
        return float((self.seed_variance * t + self.sentence_variance * z) / self.standard_error)

    def _tail(self, distance: float) -> float:
        """The probability that the value lies more than `distance`, at least 0, above the true one."""
        smallest = np.finfo(float).tiny
        if self._half_width(smallest) <= distance:
            return 0.5 if distance == 0 else 0.0
        log_tail = optimize.brentq(
            lambda log_tail: self._half_width(np.exp(log_tail)) - distance, np.log(smallest), np.log(0.5), xtol=1e-10
        )
        return float(np.exp(log_tail))


def crossed(values: npt.ArrayLike, redrawn: npt.ArrayLike | None = None) -> Crossed:
    """The mean over seeds of `values` `(seeds,)`, with the variances that seeds and sentences give it.

    `redrawn` `(seeds, draws)` is the same statistic on redrawn sentences, one draw for all seeds; None where the
    statistic is not computed from sentences. One seed has no seed variance: NaN.

    Raises:
        ValueError: the two are not of the same seeds.
    """
    found = np.asarray(values, dtype=np.float64)
    seeds = len(found)
    between = float("nan") if seeds == 1 else float(np.var(found, ddof=1)) / seeds
    if seeds > 1 and np.ptp(found) <= _ROUNDING * np.abs(found).max():
        between = 0.0
    if redrawn is None:
        return Crossed(float(found.mean()), seeds, between, 0.0)
    draws = np.asarray(redrawn, dtype=np.float64)
    if draws.ndim != 2 or len(draws) != seeds:
        raise ValueError(
            f"Every seed needs its redrawn values: received {seeds} values and redrawn values of shape {draws.shape}. "
            f"Expected shape ({seeds}, draws)."
        )
    of_mean, of_one = float(draws.mean(axis=0).var(ddof=1)), float(draws.var(axis=1, ddof=1).mean())
    residual = max(0.0, of_one - of_mean) / (seeds - 1) if seeds > 1 else 0.0
    return Crossed(float(found.mean()), seeds, between, max(0.0, of_mean - residual))


def percentile_interval(value: float, redrawn: npt.ArrayLike) -> Interval:
    """The value with the percentiles of the same statistic on redrawn sentences: nothing is said of other seeds.

    The interval holds the value, which a skewed statistic may have outside the percentiles.
    """
    low, high = np.quantile(np.asarray(redrawn), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(value), min(float(low), value), max(float(high), value))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction of the p-values of one family, to be read against `LEVEL`; NaN stays and is not counted.

    The k-th smallest of m is multiplied by m - k + 1, is at least its predecessor, and at most 1 (Holm 1979).
    """
    p = np.array(p_values, dtype=np.float64)
    defined = ~np.isnan(p)
    if defined.any():
        p[defined] = multipletests(p[defined], method="holm")[1]
    return list(p.tolist())
