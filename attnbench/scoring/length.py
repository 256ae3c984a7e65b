"""How translation quality changes with the length of the source: every `length/*` key, and BLEU by length bucket.

Lengths are source tokens: the pieces that the encoder reads, without EOS. A quotient with denominator 0, and
whatever has too few sentences, is absent, so that no key ever holds a number that is not finite.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from attnbench.metrics import key_of
from attnbench.scoring.bleu import Statistics, corpus_bleu
from attnbench.scoring.intervals import Interval, bootstrap_interval

BUCKET_TOKENS = 10
MINIMUM_BUCKET_SENTENCES = 30
SLOPE_GROUPS = 8
MINIMUM_SLOPE_GROUPS = 4

Lengths = npt.NDArray[np.int64]
"""`(sentences,)` source tokens."""


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

    `statistics` are `(sentences, 10)`, `source_lengths` tokens `(sentences,)`; `sequence_length` is the training limit.

    Raises:
        ValueError: the two have different numbers of sentences, or there are none.
    """
    rows, lengths = _checked(statistics, source_lengths)
    found: dict[str, float] = {}
    for low, high, members in _buckets(lengths):
        found[key_of("length/bleu_LLL_HHH", LLL=low, HHH=high)] = _bleu(rows[members])
        found[key_of("length/sentences_LLL_HHH", LLL=low, HHH=high)] = len(members)
    return found | _limit_metrics(rows, lengths, sequence_length) | _retention(rows, lengths) | _slope(rows, lengths)


def bucket_bleu(
    statistics: npt.ArrayLike, source_lengths: npt.ArrayLike, *, generator: np.random.Generator, draws: int = 1000
) -> list[Bucket]:
    """BLEU by source length with bootstrap intervals, in the buckets that `length_metrics` reports, shortest first.

    `statistics`, `generator` and `draws` are those of `bootstrap_interval`, `source_lengths` tokens `(sentences,)`.

    Raises:
        ValueError: the two have different numbers of sentences, or there are none.
    """
    rows, lengths = _checked(statistics, source_lengths)
    return [
        Bucket(low, high, len(members), bootstrap_interval(rows[..., members, :], generator=generator, draws=draws))
        for low, high, members in _buckets(lengths)
    ]


def _checked(statistics: npt.ArrayLike, source_lengths: npt.ArrayLike) -> tuple[Statistics, Lengths]:
    rows, lengths = np.asarray(statistics), np.asarray(source_lengths)
    if rows.ndim < 2 or rows.shape[-2] != len(lengths):
        raise ValueError(
            f"Every sentence needs its source length: received statistics of shape {rows.shape} and {len(lengths)} "
            "lengths. Expected statistics (..., sentences, 10) and as many lengths as sentences."
        )
    if not len(lengths):
        raise ValueError("Length metrics need at least one sentence, received none. Give a test set that is not empty.")
    return rows, lengths


def _bleu(rows: Statistics) -> float:
    return float(corpus_bleu(rows.sum(axis=0)))


def _buckets(lengths: Lengths) -> Iterator[tuple[int, int, npt.NDArray[np.intp]]]:
    """First and last length, and the sentences, of each bucket that has enough of them."""
    for low in range(1, int(lengths.max()) + 1, BUCKET_TOKENS):
        high = low + BUCKET_TOKENS - 1
        (members,) = np.nonzero((lengths >= low) & (lengths <= high))
        if len(members) >= MINIMUM_BUCKET_SENTENCES:
            yield low, high, members


def _limit_metrics(rows: Statistics, lengths: Lengths, sequence_length: int) -> dict[str, float]:
    within = lengths <= sequence_length
    found: dict[str, float] = {}
    if within.any():
        found["length/bleu_within"] = _bleu(rows[within])
    if not within.all():
        found["length/bleu_beyond"] = _bleu(rows[~within])
    if len(found) == 2 and found["length/bleu_within"] > 0:
        found["length/extrapolation"] = found["length/bleu_beyond"] / found["length/bleu_within"]
    return found


def _retention(rows: Statistics, lengths: Lengths) -> dict[str, float]:
    """The longest quarter, rounded down; of equally long sentences the later ones in the test set belong to it."""
    by_length = np.argsort(lengths, kind="stable")
    quarter = len(lengths) // 4
    rest, longest = np.split(by_length, [len(lengths) - quarter])
    rest_bleu = _bleu(rows[rest])
    if not quarter or rest_bleu == 0:
        return {}
    return {"length/retention": _bleu(rows[longest]) / rest_bleu}


def _slope(rows: Statistics, lengths: Lengths) -> dict[str, float]:
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
