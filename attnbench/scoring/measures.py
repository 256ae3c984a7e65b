"""What is measured of a set of sentences: each measure is a function of the sums of the sentences' columns.

So any part of a test set is measured by adding rows, and a redrawn one by one matrix product of how often each draw
takes each sentence with the columns. `records.sentences` says what the columns are.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from attnbench.records.sentences import STATISTICS
from attnbench.scoring.bleu import corpus_bleu, length_ratio

COUNT = "sentences"
"""The column of ones: how many sentences there are."""

BLEU = "test/bleu"
PHENOMENON = "phenomenon/"
"""How the key of a phenomenon's metric begins; its name follows."""


@dataclass(frozen=True)
class Measure:
    """A metric of any set of sentences.

    Attributes:
        columns: whose sums it depends on.
        of: the metric `(...)` from these sums `(..., columns)`.
    """

    columns: tuple[str, ...]
    of: Callable[[Any], Any]

    def __call__(self, sums: Mapping[str, Any]) -> Any:
        """The metric `(...)` from the sums `(...)` of all columns, by name."""
        return self.of(np.stack([sums[name] for name in self.columns], axis=-1))


def quotient(numerator: Any, denominator: Any) -> Any:
    """NaN where the denominator is 0."""
    shape = np.broadcast(numerator, denominator).shape
    return np.divide(numerator, denominator, out=np.full(shape, np.nan), where=np.greater(denominator, 0))[()]


def _share(part: str, whole: str) -> Measure:
    return Measure((part, whole), lambda sums: quotient(sums[..., 0], sums[..., 1]))


_MEASURES = {
    BLEU: Measure(STATISTICS, corpus_bleu),
    "test/length_ratio": Measure(STATISTICS, length_ratio),
    "test/unfinished_hypotheses": Measure(("unfinished",), lambda sums: sums[..., 0]),
    "test/exact_match": _share("exact_match", COUNT),
    "test/token_accuracy": _share("correct_tokens", "reference_tokens"),
    "test/repeated_4grams": _share("repeated_4grams", "total_4"),
    "align/aer": Measure(("agreements", "links"), lambda sums: 1 - quotient(sums[..., 0], sums[..., 1])),
}


def measures_of(columns: Iterable[str]) -> dict[str, Measure]:
    """By metric key, what sentences with these columns allow to measure."""
    names = {COUNT, *columns}
    phenomena = sorted(name.removesuffix("_right") for name in names if name.endswith("_right"))
    shares = {PHENOMENON + name: _share(f"{name}_right", f"{name}_total") for name in phenomena}
    return {key: measure for key, measure in (_MEASURES | shares).items() if names.issuperset(measure.columns)}
