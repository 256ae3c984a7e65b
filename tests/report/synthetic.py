"""Run folders as a sweep and its workers leave them, with numbers that the tests choose."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from attnbench.results import FINISHED, RUNNING, RunFolder, write_json

from attnbench.config import from_mapping, parameters
from attnbench.identity import signature
from attnbench.report.sources.runs import SENTENCE_COLUMNS
from attnbench.scoring.bleu import corpus_bleu
from attnbench.scoring.length import length_metrics

SIGNATURES = {"bleu_signature": "nrefs:1|case:mixed|tok:none", "chrf_signature": "nrefs:1|case:mixed"}
VERSIONS = {"attnbench": "0.1.0", "keras": "3.15.1", "tensorflow": "2.21.0"}


def sentences(correct: Sequence[Sequence[int]], lengths: Sequence[int]) -> npt.NDArray[np.int64]:
    """BLEU statistics `(sentences, 11)`: of all n-grams of each order, as many right as `correct` says."""
    totals = [[max(length - order, 0) for order in range(4)] for length in lengths]
    rows = zip(lengths, correct, totals, lengths, lengths, strict=True)
    return np.array([[source, *right, *total, out, ref] for source, right, total, out, ref in rows], dtype=np.int64)


def drawn_sentences(share: float, *, count: int = 60, decay: float = 0.0, seed: int = 0) -> npt.NDArray[np.int64]:
    """Sentences of 5 to 44 tokens in which about `share` of all n-grams is right, less `decay` for each token."""
    generator = np.random.default_rng([seed, round(1000 * share)])
    lengths = [5 + 40 * index // count for index in range(count)]
    chances = [min(max(share - decay * max(0, length - 20), 0.02), 1.0) for length in lengths]
    correct = [
        generator.binomial([max(length - order, 0) for order in range(4)], chance).tolist()
        for length, chance in zip(lengths, chances, strict=True)
    ]
    return sentences(correct, lengths)


def quality(rows: npt.NDArray[np.int64], sequence_length: int) -> dict[str, float]:
    """The metrics that follow from the statistics."""
    bleu = float(corpus_bleu(rows[:, 1:].sum(axis=0)))
    return {"test/bleu": bleu, **length_metrics(rows[:, 1:], rows[:, 0], sequence_length=sequence_length)}


def attention_map(sentence: int, source: Sequence[str], target: Sequence[str]) -> dict[str, Any]:
    """A map whose rows put half of their weight on one source token and share out the rest."""
    size = len(source)
    weights = [[0.5 + 0.5 / size if s == t % size else 0.5 / size for s in range(size)] for t in range(len(target))]
    return {"sentence": sentence, "source": list(source), "target": list(target), "weights": weights}


def write_run(
    runs_dir: Path,
    config: Mapping[str, Any],
    *,
    metrics: Mapping[str, float] | None = None,
    rows: npt.NDArray[np.int64] | None = None,
    histories: Mapping[str, Sequence[tuple[int, float]]] | None = None,
    maps: Sequence[Mapping[str, Any]] = (),
    status: str = FINISHED,
    reason: str = "",
    facts: Mapping[str, Any] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Writes one run folder and returns it."""
    checked = from_mapping(config)
    options = parameters(checked)
    name = f"{options['attention']}-h{checked.hidden_size}-l{checked.sequence_length}-s{checked.seed}-{options['data']}"
    known = {"data": {"train": "0123abcd"}, "device": "a processor", "threads": 1, "versions": VERSIONS}
    identifying = known | dict(facts or {})
    signed = signature(checked, identifying)
    folder = RunFolder(runs_dir / f"{name}-{signed[:10]}")
    folder.path.mkdir(parents=True)
    write_json(folder.config, dict(config))
    origin = {
        "command": "python -m attnbench -m attention=dot,general",
        "commit": "c0ffee0c0ffee0c0ffee0c0ffee0c0ffee0c0ffee",
        "dirty": False,
        "device": "a processor",
        "python": "3.11.7",
        "started": "2026-01-02T03:04:05+00:00",
        "versions": VERSIONS,
    }
    write_json(
        folder.facts,
        {"signature": signed, "facts": identifying, "provenance": origin | dict(provenance or {})},
    )
    folder.append("status", status=RUNNING)
    for key, points in (histories or {}).items():
        for step, value in points:
            folder.append("metrics", step=step, values={key: value})
    folder.append("status", status=status, **({"reason": reason} if reason else {}))
    if status == FINISHED:
        _write_result(folder, checked.task, signed, dict(metrics or {}), rows, maps)
    return folder.path


def write_plan(runs_dir: Path, study: str, folders: Sequence[Path], created: str = "2026-01-02T03:00:00+00:00") -> Path:
    """Writes the frozen plan of a sweep over the runs in `folders`."""
    entries = []
    for folder in folders:
        run = RunFolder(folder)
        facts = read(run.facts)
        known = {"signature": facts["signature"], "facts": facts}
        entries.append(known | {"folder": folder.name, "config": read(run.config)})
    path = runs_dir / "plans" / f"{study}-{created[:10]}.json"
    write_json(path, {"study": study, "command": "python -m attnbench -m", "created": created, "entries": entries})
    return path


def read(path: Path) -> Any:
    """The JSON in a file that must exist."""
    return json.loads(path.read_text(encoding="utf-8"))


def _write_result(
    folder: RunFolder,
    task: str,
    signed: str,
    metrics: Mapping[str, float],
    rows: npt.NDArray[np.int64] | None,
    maps: Sequence[Mapping[str, Any]],
) -> None:
    result = {
        "format": 1,
        "status": FINISHED,
        "task": task,
        "signature": signed,
        "metrics": metrics,
        **SIGNATURES,
        "vocabularies": {"source": 11, "target": 13},
        "device": "a processor",
        "threads": 1,
        "versions": VERSIONS,
        "notes": [],
        "duration_seconds": 60.0,
    }
    write_json(folder.result, result)
    if rows is not None:
        lines = [",".join(["sentence", *SENTENCE_COLUMNS])]
        lines += [",".join(map(str, [index, *row])) for index, row in enumerate(rows.tolist())]
        folder.sentences.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if maps:
        write_json(folder.maps, list(maps))
