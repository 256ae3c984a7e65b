"""How translation quality changes with the length of the source: `test/bleu` and every `length/*` key.

Lengths are source tokens: the pieces that the encoder reads, without EOS. Every part that is scored is contiguous when
sentences stand in order of length, so the sums of all parts are differences of cumulative sums; the same code scores
the test set and redrawn ones. What has too few sentences is absent, and a quotient with denominator 0 is NaN.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from attnbench.metrics import key_of
from attnbench.scoring.bleu import corpus_bleu

BUCKET_TOKENS = 10
MINIMUM_SENTENCES = 30
SLOPE_GROUPS = 8
MINIMUM_SLOPE_GROUPS = 4

WITHIN, BEYOND = "length/bleu_within", "length/bleu_beyond"
_ALL, _LONGEST, _REST = "test/bleu", "longest quarter", "rest"


@dataclass(frozen=True)
class Part:
    """The sentences `start` to `stop` - 1 in order of length; of a bucket `low` to `high` source tokens."""

    start: int
    stop: int
    low: int = 0
    high: int = 0

    @property
    def sentences(self) -> int:
        """How many."""
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class LengthParts:
    """The parts of a test set by source length.

    Attributes:
        order: `(sentences,)`, the sentences by length; equally long ones keep their order.
        parts: by the metric key of the part's BLEU, or by a name of its own.
        slope: mean tokens of each group of the slope, less their mean; empty with too few groups.
    """

    order: npt.NDArray[np.intp]
    parts: dict[str, Part]
    slope: npt.NDArray[np.float64]

    @classmethod
    def of(cls, source_lengths: npt.ArrayLike, *, sequence_length: int) -> "LengthParts":
        """The parts of a test set of `source_lengths` tokens `(sentences,)` under a training limit.

        Raises:
            ValueError: there is no sentence.
        """
        lengths = np.asarray(source_lengths)
        if not len(lengths):
            raise ValueError(
                "Length metrics need at least one sentence, received none. Give a test set that is not empty."
            )
        order = np.argsort(lengths, kind="stable")
        ordered = lengths[order]
        parts = {_ALL: Part(0, len(lengths))} | _limit(ordered, sequence_length) | _quarter(len(lengths))
        groups, slope = _slope_groups(ordered)
        return cls(order, parts | groups | _buckets(ordered), slope)

    @property
    def buckets(self) -> dict[str, Part]:
        """The buckets of ten tokens, by the metric key of their BLEU, shortest first."""
        return {key: part for key, part in self.parts.items() if part.high}

    def sums(self, statistics: npt.ArrayLike, counts: npt.ArrayLike | None = None) -> dict[str, npt.NDArray[Any]]:
        """The summed statistics `(draws, 10)` of each part, from those of the sentences `(sentences, 10)`.

        `counts` `(sentences, draws)` is how often each draw takes each sentence, in the order of `order`; by default
        each is taken once, and the axis of draws is absent.

        Raises:
            ValueError: the statistics are of another number of sentences.
        """
        rows = np.asarray(statistics)
        if len(rows) != len(self.order):
            raise ValueError(
                f"Every sentence needs its source length: received statistics of shape {rows.shape} and "
                f"{len(self.order)} lengths. Expected statistics (sentences, 10) and as many lengths as sentences."
            )
        taken = np.ones((len(rows), 1), np.float32) if counts is None else np.asarray(counts)
        columns = rows[self.order].T.astype(taken.dtype)  # (10, sentences)
        cuts = sorted({cut for part in self.parts.values() for cut in (part.start, part.stop)})
        cells = [columns[:, start:stop] @ taken[start:stop] for start, stop in itertools.pairwise(cuts)]  # (10, draws)
        cumulative = np.cumsum([np.zeros_like(cells[0]), *cells], axis=0, dtype=np.float64)
        at = dict(zip(cuts, cumulative, strict=True))
        sums = {name: (at[part.stop] - at[part.start]).T for name, part in self.parts.items()}
        return sums if counts is not None else {name: total[0] for name, total in sums.items()}

    def scores(self, statistics: npt.ArrayLike, counts: npt.ArrayLike | None = None) -> dict[str, Any]:
        """`test/bleu` and every `length/*` metric that is computed from sentences, `(draws,)` each; see `sums`."""
        bleu = {name: corpus_bleu(total) for name, total in self.sums(statistics, counts).items()}
        found = {name: bleu[name] for name, part in self.parts.items() if name in (_ALL, WITHIN, BEYOND) or part.high}
        if WITHIN in bleu and BEYOND in bleu:
            found["length/extrapolation"] = _quotient(bleu[BEYOND], bleu[WITHIN])
        if _LONGEST in bleu:
            found["length/retention"] = _quotient(bleu[_LONGEST], bleu[_REST])
        if len(self.slope):
            groups = [bleu[_group(index)] for index in range(len(self.slope))]
            found["length/slope"] = 10 * np.tensordot(self.slope, groups, 1) / (self.slope @ self.slope)
        return found


def length_metrics(
    statistics: npt.ArrayLike, source_lengths: npt.ArrayLike, *, sequence_length: int
) -> dict[str, float]:
    """Every `length/*` metric of one run's test set that its sentences allow.

    `statistics` are `(sentences, 10)`, `source_lengths` tokens `(sentences,)`; `sequence_length` is the training limit.

    Raises:
        ValueError: the two have different numbers of sentences, or there are none.
    """
    parts = LengthParts.of(source_lengths, sequence_length=sequence_length)
    scores: Mapping[str, Any] = parts.scores(statistics)
    found = {key: float(value) for key, value in scores.items() if key != _ALL and np.isfinite(value)}
    for part in parts.buckets.values():
        found[key_of("length/sentences_LLL_HHH", LLL=part.low, HHH=part.high)] = float(part.sentences)
    return found


def _limit(ordered: npt.NDArray[Any], sequence_length: int) -> dict[str, Part]:
    limit = int(np.searchsorted(ordered, sequence_length, "right"))
    parts = {WITHIN: Part(0, limit), BEYOND: Part(limit, len(ordered))}
    return {name: part for name, part in parts.items() if part.sentences >= MINIMUM_SENTENCES}


def _quarter(sentences: int) -> dict[str, Part]:
    """The longest quarter, rounded down; of equally long sentences the later ones in the test set belong to it."""
    start = sentences - sentences // 4
    return {_REST: Part(0, start), _LONGEST: Part(start, sentences)} if start < sentences else {}


def _buckets(ordered: npt.NDArray[Any]) -> dict[str, Part]:
    found = {}
    for low in range(1, int(ordered[-1]) + 1, BUCKET_TOKENS):
        high = low + BUCKET_TOKENS - 1
        start, stop = np.searchsorted(ordered, [low, high + 1]).tolist()
        if stop - start >= MINIMUM_SENTENCES:
            found[key_of("length/bleu_LLL_HHH", LLL=low, HHH=high)] = Part(start, stop, low, high)
    return found


def _slope_groups(ordered: npt.NDArray[Any]) -> tuple[dict[str, Part], npt.NDArray[np.float64]]:
    """Groups of equal counts, as far as sentences of one length, which stay together, allow; and their mean tokens.

    A sentence of middle rank m (its rank among n by length, from 0 to 1 as m / n, equal lengths sharing the middle of
    their ranks) falls into group ⌊8 m / n⌋. A group that no sentence falls into does not exist.
    """
    doubled_rank = np.searchsorted(ordered, ordered, "left") + np.searchsorted(ordered, ordered, "right")
    _, starts = np.unique(SLOPE_GROUPS * doubled_rank // (2 * len(ordered)), return_index=True)
    if len(starts) < MINIMUM_SLOPE_GROUPS:
        return {}, np.array([])
    bounds = [*starts.tolist(), len(ordered)]
    tokens = np.array([ordered[start:stop].mean() for start, stop in itertools.pairwise(bounds)])
    parts = {_group(index): Part(start, stop) for index, (start, stop) in enumerate(itertools.pairwise(bounds))}
    return parts, tokens - tokens.mean()


def _group(index: int) -> str:
    return f"group {index} of the slope"


def _quotient(numerator: Any, denominator: Any) -> Any:
    return np.divide(numerator, denominator, out=np.full_like(denominator, np.nan), where=np.greater(denominator, 0))
