"""Run folders as a sweep and its workers leave them, with numbers that the tests choose."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from attnbench.config import RESULTS_VERSION, from_mapping, parameters
from attnbench.identity import signature
from attnbench.records import (
    AttentionMap,
    MetricsEvent,
    Outcome,
    RunFolder,
    Status,
)
from attnbench.records.sentences import write_sentences
from attnbench.scoring.bleu import Columns
from attnbench.scoring.length import sentence_metrics
from tests import made


def sentences(correct: Sequence[Sequence[int]], lengths: Sequence[int]) -> Columns:
    """Source tokens and BLEU statistics: of all n-grams of each order, as many right as `correct` says."""
    totals = [[max(length - order, 0) for order in range(4)] for length in lengths]
    rows = zip(lengths, correct, totals, lengths, lengths, strict=True)
    return made.sentences([[source, *right, *total, out, ref] for source, right, total, out, ref in rows])


def drawn_sentences(share: float, *, count: int = 60, decay: float = 0.0, seed: int = 0) -> Columns:
    """Sentences of 5 to 44 tokens in which about `share` of all n-grams is right, less `decay` for each token."""
    generator = np.random.default_rng([seed, round(1000 * share)])
    lengths = [5 + 40 * index // count for index in range(count)]
    chances = [min(max(share - decay * max(0, length - 20), 0.02), 1.0) for length in lengths]
    correct = [
        generator.binomial([max(length - order, 0) for order in range(4)], chance).tolist()
        for length, chance in zip(lengths, chances, strict=True)
    ]
    return sentences(correct, lengths)


def quality(columns: Columns, sequence_length: int) -> dict[str, float]:
    """The metrics that follow from the sentences."""
    return sentence_metrics(columns, sequence_length=sequence_length)


def attention_map(sentence: int, source: Sequence[str], target: Sequence[str]) -> AttentionMap:
    """A map whose rows put half of their weight on one source token and share out the rest."""
    size = len(source)
    weights = [[0.5 + 0.5 / size if s == t % size else 0.5 / size for s in range(size)] for t in range(len(target))]
    return AttentionMap(sentence, list(source), list(target), weights)


def write_run(
    runs_dir: Path,
    options: Mapping[str, Any],
    *,
    metrics: Mapping[str, float] | None = None,
    rows: Columns | None = None,
    histories: Mapping[str, Sequence[tuple[int, float]]] | None = None,
    maps: Sequence[AttentionMap] = (),
    status: Status = Status.FINISHED,
    reason: str = "",
    results_version: int | None = RESULTS_VERSION,
) -> Path:
    """Writes one run folder and returns it."""
    config, facts = from_mapping(options), made.facts()
    identity = made.identity(signature(config, asdict(facts)), facts=facts, results_version=results_version)
    name = f"{config.attention.name}-s{config.seed}-{parameters(config)['data']}"
    folder = made.begin(RunFolder(runs_dir / f"{name}-{identity.signature[:10]}"), config, identity)
    for key, points in (histories or {}).items():
        for step, value in points:
            folder.append(MetricsEvent(step, {key: value}))
    folder.record(Outcome(status, reason))
    if status == Status.FINISHED:
        result = made.result(metrics, task=config.task, signature=identity.signature, results_version=results_version)
        folder.result.write(result)
        if rows is not None:
            write_sentences(folder.sentences.path, rows)
        if maps:
            folder.maps.write(list(maps))
    return folder.path


def write_plan(runs_dir: Path, study: str, folders: Sequence[Path], created: str = "2026-01-02T03:00:00+00:00") -> Path:
    """Writes the frozen plan of a sweep over the runs in `folders`."""
    runs = [RunFolder(folder) for folder in folders]
    entries = [made.entry(run.path.name, run.config.required(), identity=run.facts.required()) for run in runs]
    return made.plan(*entries, study=study, created=created).write(runs_dir)
