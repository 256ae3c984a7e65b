"""The scores of a run on its test set and on redrawn ones; runs of one test set are scored on the same draws."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from attnbench.report.sources.runs import TEXTS, Run
from attnbench.scoring.bleu import Columns
from attnbench.scoring.length import LengthParts
from attnbench.scoring.redraws import DRAWS, Counts, redraw

_LEAST_DRAWS = 1000
_COUNTS_HELD = 2**26
"""Draws x sentences that are held at once, 256 MiB; larger test sets are redrawn less often."""


@dataclass(frozen=True, eq=False)
class Redrawn:
    """By metric key, a score on the test set and the same score on redrawn test sets, float32 `(draws,)`."""

    values: dict[str, float]
    draws: dict[str, npt.NDArray[np.float32]]


@cache
def redrawn(run: Run) -> Redrawn | None:
    """The scores that are computed from sentences; None where the run's sentences are not at hand."""
    values: dict[str, float] = {}
    draws: dict[str, npt.NDArray[np.float32]] = {}
    for columns in filter(None, (run.sentences, run.alignments)):
        parts = parts_of(columns, run)
        lengths = columns["source_tokens"][parts.order]
        # A generated test set fixes how many sentences each length has.
        strata = lengths if "data.options.test_pairs" in run.params else np.zeros_like(lengths)
        values |= {key: float(value) for key, value in parts.scores(columns).items()}
        scores = parts.scores(columns, _counts(tuple(strata.tolist())))
        draws |= {key: score.astype(np.float32) for key, score in scores.items()}
    return Redrawn(values, draws) if values else None


def parts_of(columns: Columns, run: Run) -> LengthParts:
    """The parts by source length of a set of sentences that the run was tested on."""
    return LengthParts.of(columns["source_tokens"], sequence_length=int(run.params["sequence_length"]))


def same_test_set(one: Run, other: Run) -> bool:
    """Whether nothing speaks against it: the same references, as far as they are known, scored in the same way."""
    if any(one.params.get(key) != other.params.get(key) for key in ("data", TEXTS)):
        return False
    if one.origin.bleu_signature != other.origin.bleu_signature:
        return False
    if one.origin.test_digest and other.origin.test_digest:
        return one.origin.test_digest == other.origin.test_digest
    if one.sentences is None or other.sentences is None:
        return True
    return all(
        np.array_equal(one.sentences[name], other.sentences[name]) for name in ("source_tokens", "reference_tokens")
    )


def generator(purpose: str) -> np.random.Generator:
    """A random generator that depends on `purpose` alone, so that the same runs give the same report."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8]))


@lru_cache(maxsize=2)
def _counts(strata: Sequence[int]) -> Counts:
    draws = min(DRAWS, max(_LEAST_DRAWS, _COUNTS_HELD // len(strata)))
    return redraw(strata, generator=generator("test sets"), draws=draws)
