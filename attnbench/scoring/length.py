"""How translation quality changes with the length of the source: every `length/*` key, and BLEU by length bucket.

Lengths are source tokens: the pieces that the encoder reads, without the end mark. A quotient with denominator 0, and
whatever has too few sentences, is left out, so that no key ever holds a number that is not finite.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from attnbench.metrics import key_of
from attnbench.scoring.bleu import corpus_bleu
from attnbench.scoring.intervals import Interval, bootstrap_interval

BUCKET_TOKENS = 10
MINIMUM_BUCKET_SENTENCES = 30
SLOPE_GROUPS = 8
MINIMUM_SLOPE_GROUPS = 4


@dataclass(frozen=True)
class Bucket:
    """BLEU, with its interval, of the `sentences` test sentences that have `low` to `high` source tokens."""

    low: int
    high: int
    sentences: int
    bleu: Interval


def length_metrics(
    statistics: npt.ArrayLike, source_lengths: npt.ArrayLike, *, sequence_length: int
) -> dict[str, float]:
    """Every `length/*` metric of one run's test set that its sentences allow.

    Args:
        statistics: `(sentences, 10)` BLEU statistics.
        source_lengths: `(sentences,)` source tokens.
        sequence_length: the training limit, in tokens.

    Raises:
        ValueError: the two have different numbers of sentences, or there are none.
    """
    rows, lengths = _checked(statistics, source_lengths)
    return {
        **_bucket_metrics(rows, lengths),
        **_limit_metrics(rows, lengths, sequence_length),
        **_retention(rows, lengths),
        **_slope(rows, lengths),
    }


def bucket_bleu(
    statistics: npt.ArrayLike, source_lengths: npt.ArrayLike, *, generator: np.random.Generator, draws: int = 1000
) -> list[Bucket]:
    """BLEU by source length with bootstrap intervals, in the buckets that `length_metrics` reports, shortest first.

    Args:
        statistics: `(sentences, 10)`, or `(seeds, sentences, 10)`: then the mean over the seeds is reported.
        source_lengths: `(sentences,)` source tokens.
        generator: draws the bootstrap samples.
        draws: samples for each bucket.

    Raises:
        ValueError: the two have different numbers of sentences, or there are none.
    """
    rows, lengths = _checked(statistics, source_lengths)
    return [
        Bucket(low, high, len(members), bootstrap_interval(rows[..., members, :], generator=generator, draws=draws))
        for low, high, members in _buckets(lengths)
    ]


def _checked(
    statistics: npt.ArrayLike, source_lengths: npt.ArrayLike
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    rows, lengths = np.asarray(statistics), np.asarray(source_lengths)
    if rows.ndim < 2 or rows.shape[-2] != len(lengths):
        raise ValueError(
            f"Every sentence needs its source length: received statistics of shape {rows.shape} and {len(lengths)} "
            "lengths. Expected statistics (..., sentences, 10) and as many lengths as sentences."
        )
    if not len(lengths):
        raise ValueError("Length metrics need at least one sentence, received none. Give a test set that is not empty.")
    return rows, lengths


def _bleu(rows: npt.NDArray[np.int64]) -> float:
    return float(corpus_bleu(rows.sum(axis=0)))


def _buckets(lengths: npt.NDArray[np.int64]) -> Iterator[tuple[int, int, npt.NDArray[np.intp]]]:
    """First and last length, and the sentences, of each bucket that has enough of them."""
    for low in range(1, int(lengths.max()) + 1, BUCKET_TOKENS):
        high = low + BUCKET_TOKENS - 1
        (members,) = np.nonzero((lengths >= low) & (lengths <= high))
        if len(members) >= MINIMUM_BUCKET_SENTENCES:
            yield low, high, members


def _bucket_metrics(rows: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> dict[str, float]:
    found: dict[str, float] = {}
    for low, high, members in _buckets(lengths):
        found[key_of("length/bleu_LLL_HHH", LLL=low, HHH=high)] = _bleu(rows[members])
        found[key_of("length/sentences_LLL_HHH", LLL=low, HHH=high)] = len(members)
    return found


def _limit_metrics(
    rows: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], sequence_length: int
) -> dict[str, float]:
    within = lengths <= sequence_length
    found: dict[str, float] = {}
    if within.any():
        found["length/bleu_within"] = _bleu(rows[within])
    if not within.all():
        found["length/bleu_beyond"] = _bleu(rows[~within])
    if len(found) == 2 and found["length/bleu_within"] > 0:
        found["length/extrapolation"] = found["length/bleu_beyond"] / found["length/bleu_within"]
    return found


def _retention(rows: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> dict[str, float]:
    """The longest quarter, rounded down; of equally long sentences the later ones in the test set belong to it."""
    by_length = np.argsort(lengths, kind="stable")
    quarter = len(lengths) // 4
    rest, longest = (by_length[: len(lengths) - quarter], by_length[len(lengths) - quarter :])
    rest_bleu = _bleu(rows[rest])
    if not quarter or rest_bleu == 0:
        return {}
    return {"length/retention": _bleu(rows[longest]) / rest_bleu}


def _slope(rows: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> dict[str, float]:
    """Least squares over groups of equal counts, as far as sentences of one length, which stay together, allow.

    A sentence of middle rank m (its place among n by length, from 0 to 1 as m / n, equal lengths sharing the middle of
    their places) falls into group ⌊8 m / n⌋. A group that no sentence falls into does not exist.
    """
    ordered = np.sort(lengths)
    doubled_rank = np.searchsorted(ordered, lengths, "left") + np.searchsorted(ordered, lengths, "right")
    occupied, group = np.unique(SLOPE_GROUPS * doubled_rank // (2 * len(lengths)), return_inverse=True)
    if len(occupied) < MINIMUM_SLOPE_GROUPS:
        return {}
    member = group == np.arange(len(occupied))[:, None]
    bleu = corpus_bleu(member @ rows)
    tokens = member @ lengths / member.sum(axis=1)
    centred = tokens - tokens.mean()
    return {"length/slope": float(10 * (centred @ bleu) / (centred @ centred))}
