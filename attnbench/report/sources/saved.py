"""Runs written beside a report, and read from there: the same report can be made again without run folders.

runs.csv          one row a run: status, params, final metrics
sentences.csv.gz  per test sentence: source tokens and BLEU statistics, no text
histories.csv     losses and validation BLEU by optimiser step
maps.json         the attention maps that the report shows
provenance.json   the study's name; versions, device, commit, command and reason of each run
"""

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from attnbench.config import FACTORS
from attnbench.metrics import in_order
from attnbench.records import Status, read_record
from attnbench.records.sentences import VALUES
from attnbench.report.sources.runs import Run, Runs

_IDENTITY = ("run_id", "status", "signature")
_PARAMS = "params."


def write_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table as UTF-8 CSV; floats as their shortest exact text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def files_of(runs: Runs, maps: Mapping[str, list[dict[str, Any]]]) -> dict[str, bytes]:
    """The content of every file that `read` takes; `maps` are those to keep, by run."""
    known = {run.run_id: dict(run.provenance) for run in runs.runs if run.provenance}
    return {
        "runs.csv": _runs_csv(runs.runs),
        "sentences.csv.gz": gzip.compress(_sentences_csv(runs.runs), mtime=0),
        "histories.csv": _histories_csv(runs.runs),
        "maps.json": _json(dict(maps)),
        "provenance.json": _json({"study": runs.study, "runs": known}),
    }


def read(path: Path) -> Runs:
    """The runs of the runs.csv in `path`, with what the files beside it add.

    Raises:
        ValueError: there is no such file, or it lacks a column that every run needs.
    """
    if not path.is_file():
        raise ValueError(f"No file {path}. Give --csv the runs.csv of a report, for example reports/STUDY/runs.csv.")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        header = reader.fieldnames or []
        rows = list(reader)
    missing = [name for name in (*_IDENTITY, *FACTORS) if name not in header]
    if missing:
        raise ValueError(f"{path} has no column {missing[0]!r}. Expected the runs.csv of a report.")
    beside = _Beside(path.parent)
    known = beside.provenance.get("runs", {})
    runs = [_run(row, beside, known.get(row["run_id"], {})) for row in rows]
    studies = {run.params.get("study", "") for run in runs} - {""}
    study = beside.provenance.get("study") or (studies.pop() if len(studies) == 1 else path.resolve().parent.name)
    return Runs.of(study, runs)


class _Beside:
    """The files beside a runs.csv, each by run; empty where there is none."""

    def __init__(self, folder: Path) -> None:
        self.provenance: dict[str, Any] = read_record(folder / "provenance.json", dict[str, Any]) or {}
        self.maps: dict[str, list[dict[str, Any]]] = read_record(folder / "maps.json", dict[str, Any]) or {}
        self.sentences: dict[str, list[list[int]]] = defaultdict(list)
        self.histories: dict[str, dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
        sentences, histories = folder / "sentences.csv.gz", folder / "histories.csv"
        if sentences.is_file():
            with gzip.open(sentences, "rt", encoding="utf-8", newline="") as file:
                for run_id, _, *values in list(csv.reader(file))[1:]:
                    self.sentences[run_id].append([int(value) for value in values])
        if histories.is_file():
            with histories.open(encoding="utf-8", newline="") as file:
                for run_id, key, step, value in list(csv.reader(file))[1:]:
                    self.histories[run_id][key].append((int(step), float(value)))


def _run(row: Mapping[str, str], beside: _Beside, provenance: Mapping[str, Any]) -> Run:
    run_id = row["run_id"]
    params = {key: row[key] for key in FACTORS}
    params |= {key.removeprefix(_PARAMS): value for key, value in row.items() if key.startswith(_PARAMS) and value}
    metrics = {key: float(value) for key, value in row.items() if "/" in key and value}
    sentences = beside.sentences.get(run_id)
    return Run(
        run_id=run_id,
        status=Status(row["status"]),
        signature=row["signature"],
        params=dict(sorted(params.items())),
        metrics=metrics,
        histories={key: tuple(points) for key, points in beside.histories.get(run_id, {}).items()},
        sentences=None if sentences is None else np.array(sentences, dtype=np.int64),
        maps=beside.maps.get(run_id, []),
        provenance=dict(provenance),
    )


def _runs_csv(runs: Sequence[Run]) -> bytes:
    params = sorted({key for run in runs for key in run.params} - set(FACTORS))
    metrics = in_order(key for run in runs for key in run.metrics)
    header = [*_IDENTITY, *FACTORS, *(_PARAMS + key for key in params), *metrics]
    return write_csv(
        header,
        (
            [
                *(run.run_id, run.status, run.signature),
                *(run.params[key] for key in FACTORS),
                *(run.params.get(key, "") for key in params),
                *(run.metrics.get(key, "") for key in metrics),
            ]
            for run in runs
        ),
    )


def _sentences_csv(runs: Sequence[Run]) -> bytes:
    rows = (
        [run.run_id, index, *sentence.tolist()]
        for run in runs
        if run.sentences is not None
        for index, sentence in enumerate(run.sentences)
    )
    return write_csv(["run", "sentence", *VALUES], rows)


def _histories_csv(runs: Sequence[Run]) -> bytes:
    rows = (
        [run.run_id, key, step, value]
        for run in runs
        for key, points in sorted(run.histories.items())
        for step, value in points
    )
    return write_csv(["run_id", "key", "step", "value"], rows)


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
