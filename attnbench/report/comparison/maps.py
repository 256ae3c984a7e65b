"""Which attention maps are shown: of the runs of one setting, for the same few test sentences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from attnbench.records import AttentionMap
from attnbench.report.comparison.variants import Variant, by_setting
from attnbench.report.sources.runs import Run

SENTENCES = 3
_READABLE_TOKENS = 30


@dataclass(frozen=True, eq=False)
class ShownMaps:
    """The runs whose maps are shown, one a mechanism, and the test sentences that they are shown for."""

    runs: list[tuple[Variant, Run]]
    sentences: list[int]

    def of_sentence(self, sentence: int) -> list[tuple[Variant, AttentionMap]]:
        """The map of each run for one sentence."""
        return [
            (variant, next(entry for entry in run.maps if entry.sentence == sentence)) for variant, run in self.runs
        ]

    def by_run(self) -> dict[str, list[AttentionMap]]:
        """All shown maps, by run."""
        return {run.run_id: [one for one in run.maps if one.sentence in self.sentences] for _, run in self.runs}


def choose_maps(variants: Iterable[Variant]) -> ShownMaps:
    """In the setting with most mechanisms whose weights are not all equal, the first seed of each mechanism."""
    runs: list[tuple[Variant, Run]] = []
    for group in by_setting(variants).values():
        firsts = [(variant, next((run for run in variant.runs if _varies(run)), None)) for variant in group]
        candidates = [(variant, run) for variant, run in firsts if run is not None]
        runs = candidates if len(candidates) > len(runs) else runs
    return ShownMaps(runs, _shared_sentences([run for _, run in runs]))


def _shared_sentences(runs: Sequence[Run]) -> list[int]:
    """Of the sentences that every run has a map of, the shortest, the middle and the longest readable one."""
    if not runs:
        return []
    sizes = [{one.sentence: max(len(one.source), len(one.target)) for one in _drawable(run)} for run in runs]
    shared = set.intersection(*map(set, sizes))
    size = {sentence: max(by_sentence[sentence] for by_sentence in sizes) for sentence in shared}
    ordered = sorted(shared, key=lambda sentence: (size[sentence], sentence))
    readable = [sentence for sentence in ordered if size[sentence] <= _READABLE_TOKENS] or ordered[:1]
    indices = np.linspace(0, len(readable) - 1, min(SENTENCES, len(readable))).round().astype(int)
    return [readable[index] for index in indices]


def _varies(run: Run) -> bool:
    """Whether any of the run's maps holds weights that differ."""
    return any(np.ptp(one.weights) > 1e-3 for one in _drawable(run))


def _drawable(run: Run) -> list[AttentionMap]:
    """The maps of hypotheses that are not empty."""
    return [one for one in run.maps if one.source and one.target]
