"""95 % intervals: over seeds (t), and over the sentences of a test set (bootstrap)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from attnbench.scoring.bleu import Statistics, bootstrap_bleu, corpus_bleu

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A value and the bounds of its 95 % interval, all in the value's unit."""

    value: float
    low: float
    high: float


def t_interval(values: Sequence[float] | npt.NDArray[np.float64]) -> Interval:
    """Mean over seeds, plus and minus t · s / √n: what another draw of seeds could have given.

    Raises:
        ValueError: there are fewer than two values.
    """
    if len(values) < 2:
        raise ValueError(
            f"A t interval needs at least two values, received {len(values)}. "
            "Run more seeds, or use a bootstrap interval over sentences."
        )
    mean = float(np.mean(values))
    half = float(special.stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return Interval(mean, mean - half, mean + half)


def bootstrap_interval(statistics: npt.ArrayLike, *, generator: np.random.Generator, draws: int = 1000) -> Interval:
    """Corpus BLEU with a percentile interval: what other test sentences of the same kind could have given.

    `statistics` are `(sentences, 10)`, or `(seeds, sentences, 10)`: then the mean over the seeds is reported, every
    seed on the same sentences, `draws` times drawn by `generator`.
    """
    rows = _with_seeds(statistics)
    value = corpus_bleu(rows.sum(axis=-2)).mean()
    return _percentile_interval(value, bootstrap_bleu(rows, generator=generator, draws=draws).mean(axis=0))


def bootstrap_difference(
    first: npt.ArrayLike, second: npt.ArrayLike, *, generator: np.random.Generator, draws: int = 1000
) -> Interval:
    """Corpus BLEU of the first less the second system, as `bootstrap_interval`, both on the same drawn sentences.

    Raises:
        ValueError: the two have different shapes.
    """
    one, other = _with_seeds(first), _with_seeds(second)
    if one.shape != other.shape:
        raise ValueError(
            f"A difference needs statistics of the same seeds and sentences, received shapes {one.shape} "
            f"and {other.shape}. Compare only what both systems have."
        )
    pair = np.stack([one, other])
    value = np.subtract(*corpus_bleu(pair.sum(axis=-2)).mean(axis=-1))
    scores = bootstrap_bleu(pair, generator=generator, draws=draws).mean(axis=1)
    return _percentile_interval(value, scores[0] - scores[1])


def _with_seeds(statistics: npt.ArrayLike) -> Statistics:
    rows = np.asarray(statistics)
    return rows[None] if rows.ndim == 2 else rows


def _percentile_interval(value: float, samples: npt.NDArray[np.float64]) -> Interval:
    low, high = np.quantile(samples, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(value), float(low), float(high))
