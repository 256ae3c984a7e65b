"""Every metric that is computed from sentences, and how it changes with the length of the source.

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
from attnbench.scoring.bleu import Columns
from attnbench.scoring.measures import BLEU, COUNT, measures_of, quotient

BUCKET_TOKENS = 10
MINIMUM_SENTENCES = 30
SLOPE_GROUPS = 8
MINIMUM_SLOPE_GROUPS = 4

WITHIN, BEYOND = "length/bleu_within", "length/bleu_beyond"
LIMITED = {
    BLEU: (WITHIN, BEYOND),
    "test/exact_match": ("length/exact_match_within", "length/exact_match_beyond"),
    "align/aer": ("align/aer_within", "align/aer_beyond"),
}
"""By metric key, the keys of the same metric within and beyond the training limit."""

_LONGEST, _REST = "longest quarter", "rest"


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
        parts = {BLEU: Part(0, len(lengths))} | _limit(ordered, sequence_length) | _quarter(len(lengths))
        groups, slope = _slope_groups(ordered)
        return cls(order, parts | groups | _buckets(ordered), slope)

    @property
    def buckets(self) -> dict[str, Part]:
        """The buckets of ten tokens, by the metric key of their BLEU, shortest first."""
        return {key: part for key, part in self.parts.items() if part.high}

    def sums(self, columns: Columns, counts: npt.ArrayLike | None = None) -> dict[str, dict[str, Any]]:
        """For each part, the sum of each column, and the number of sentences as `COUNT`, `(draws,)` each.

        `counts` `(sentences, draws)` is how often each draw takes each sentence, in the order of `order`; by default
        each is taken once, and the axis of draws is absent.

        Raises:
            ValueError: the columns are of another number of sentences.
        """
        rows = np.column_stack([np.ones(len(next(iter(columns.values())))), *columns.values()])
        if len(rows) != len(self.order):
            raise ValueError(
                f"Every sentence needs its source length: received columns of {len(rows)} sentences and "
                f"{len(self.order)} lengths. Give as many lengths as sentences."
            )
        taken = np.ones((len(rows), 1), np.float32) if counts is None else np.asarray(counts)
        ordered = rows[self.order].T.astype(taken.dtype)  # (columns, sentences)
        cuts = sorted({cut for part in self.parts.values() for cut in (part.start, part.stop)})
        cells = [ordered[:, start:stop] @ taken[start:stop] for start, stop in itertools.pairwise(cuts)]
        cumulative = np.cumsum([np.zeros_like(cells[0]), *cells], axis=0, dtype=np.float64)
        at = dict(zip(cuts, cumulative if counts is not None else cumulative[..., 0], strict=True))
        return {
            name: dict(zip((COUNT, *columns), at[part.stop] - at[part.start], strict=True))
            for name, part in self.parts.items()
        }

    def scores(self, columns: Columns, counts: npt.ArrayLike | None = None) -> dict[str, Any]:
        """Every metric that is computed from these columns, by key, `(draws,)` each; see `sums`."""
        sums, measures = self.sums(columns, counts), measures_of(columns)
        found = {key: measure(sums[BLEU]) for key, measure in measures.items()}
        for key in measures.keys() & LIMITED.keys():
            for name, part in zip(LIMITED[key], (WITHIN, BEYOND), strict=True):
                if part in sums:
                    found[name] = measures[key](sums[part])
        if BLEU in measures:
            found |= self._by_length({name: measures[BLEU](part) for name, part in sums.items()})
        return found

    def _by_length(self, bleu: Mapping[str, Any]) -> dict[str, Any]:
        """Of the BLEU of all parts: that of each bucket, and what compares parts."""
        found = {name: bleu[name] for name in self.buckets}
        if WITHIN in bleu and BEYOND in bleu:
            found["length/extrapolation"] = quotient(bleu[BEYOND], bleu[WITHIN])
        if _LONGEST in bleu:
            found["length/retention"] = quotient(bleu[_LONGEST], bleu[_REST])
        if len(self.slope):
            groups = [bleu[_group(index)] for index in range(len(self.slope))]
            found["length/slope"] = 10 * np.tensordot(self.slope, groups, 1) / (self.slope @ self.slope)
        return found


def sentence_metrics(columns: Columns, *, sequence_length: int) -> dict[str, float]:
    """Every metric of one run that the columns of its sentences allow; `sequence_length` is the training limit.

    Raises:
        ValueError: there are no sentences.
    """
    parts = LengthParts.of(columns["source_tokens"], sequence_length=sequence_length)
    found = {key: float(value) for key, value in parts.scores(columns).items() if np.isfinite(value)}
    for part in parts.buckets.values() if BLEU in found else ():
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
