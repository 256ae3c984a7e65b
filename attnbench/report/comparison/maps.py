"""Which attention maps are shown: of the runs of one setting, for the same few test sentences."""

from collections.abc import Iterable, Sequence

import numpy as np

from attnbench.records import AttentionMap
from attnbench.report.comparison.variants import Variant, by_setting
from attnbench.report.sources.runs import Run

SENTENCES = 3
_READABLE_TOKENS = 30


def choose_maps(variants: Iterable[Variant]) -> dict[Run, list[AttentionMap]]:
    """In the setting with most mechanisms whose weights are not all equal, the first seed of each, with its maps.

    Every run has maps of the same sentences in the same order; none, where the runs share no sentence.
    """
    runs: list[Run] = []
    for group in by_setting(variants).values():
        firsts = [next((run for run in variant.runs if _varies(run)), None) for variant in group]
        candidates = [run for run in firsts if run is not None]
        runs = candidates if len(candidates) > len(runs) else runs
    sentences = _shared_sentences(runs)
    return {run: [next(one for one in run.maps if one.sentence == sentence) for sentence in sentences] for run in runs}


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
