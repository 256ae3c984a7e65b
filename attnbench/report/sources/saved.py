"""Runs written beside a report, and read from there: the same report can be made again without run folders.

runs.csv           one row a run: status, params, final metrics
sentences.csv.gz   numbers of each test sentence, no text; `records.sentences` says which
alignments.csv.gz  numbers of each pair with gold links, likewise
histories.csv      losses and validation BLEU by optimiser step
maps.json          the attention maps that the report shows
provenance.json    the study's name and remarks; versions, device, commit, command and reason of each run
"""

import csv
import gzip
import io
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from attnbench.config import FACTORS
from attnbench.metrics import in_order
from attnbench.records import AttentionMap, Status, read_record
from attnbench.records.files import reading, record_json
from attnbench.report.sources.runs import Origin, Run, Runs, study_name
from attnbench.scoring.bleu import Columns

RUNS, SENTENCES, ALIGNMENTS, HISTORIES, MAPS, PROVENANCE = NAMES = (
    "runs.csv",
    "sentences.csv.gz",
    "alignments.csv.gz",
    "histories.csv",
    "maps.json",
    "provenance.json",
)
"""The files; those that would hold nothing are not written."""

_IDENTITY = ("run_id", "status", "signature")
_PARAMS = "params."


@dataclass(frozen=True)
class Provenance:
    """The content of provenance.json."""

    study: str = ""
    runs: dict[str, Origin] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def write_csv(header: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """A table as UTF-8 CSV, empty where a row lacks a column; floats as their shortest exact text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def files_of(runs: Runs, maps: Mapping[str, Sequence[AttentionMap]]) -> dict[str, bytes]:
    """The content of every file that `read` takes and that would not be empty; `maps` are those to keep, by run."""
    origins = _known({run.run_id: _known(asdict(run.origin)) for run in runs.runs})
    provenance = _known({"study": runs.study, "runs": origins, "remarks": list(runs.remarks)})
    points = [
        {"run_id": run.run_id, "key": key, "step": step, "value": value}
        for run in runs.runs
        for key, history in sorted(run.histories.items())
        for step, value in history
    ]
    files = {RUNS: _runs_csv(runs.runs), PROVENANCE: record_json(provenance)}
    files |= _sentences_csv(SENTENCES, {run.run_id: run.sentences for run in runs.runs})
    files |= _sentences_csv(ALIGNMENTS, {run.run_id: run.alignments for run in runs.runs})
    if points:
        files[HISTORIES] = write_csv(list(points[0]), points)
    if maps:
        files[MAPS] = record_json({run_id: [asdict(entry) for entry in entries] for run_id, entries in maps.items()})
    return files


def read(path: Path) -> Runs:
    """The runs of the runs.csv in `path`, with what the files beside it add.

    Raises:
        ValueError: there is no such file, it lacks a column that every run needs, or one of the files is damaged.
    """
    if not path.is_file():
        raise ValueError(f"No file {path}. Give --csv the runs.csv of a report, for example reports/STUDY/runs.csv.")
    with reading(path):
        header, *rows = list(_csv_rows(path)) or [[]]
    missing = [name for name in (*_IDENTITY, *FACTORS) if name not in header]
    if missing:
        raise ValueError(f"{path} has no column {missing[0]!r}. Expected the runs.csv of a report.")
    provenance = read_record(path.with_name(PROVENANCE), Provenance) or Provenance()
    maps = read_record(path.with_name(MAPS), dict[str, list[AttentionMap]]) or {}
    sentences, alignments = (_read_sentences(path.with_name(name)) for name in (SENTENCES, ALIGNMENTS))
    histories = _histories(path.with_name(HISTORIES))
    with reading(path):
        runs = [_run(dict(zip(header, values, strict=True))) for values in rows]
    found = [
        replace(
            run,
            histories={key: tuple(points) for key, points in histories[run.run_id].items()},
            sentences=sentences.get(run.run_id),
            alignments=alignments.get(run.run_id),
            maps=maps.get(run.run_id, []),
            origin=provenance.runs.get(run.run_id, Origin()),
        )
        for run in runs
    ]
    return Runs.of(provenance.study or study_name(found, path.resolve().parent), found, provenance.remarks)


def _run(row: Mapping[str, str]) -> Run:
    """What a row of runs.csv says of a run."""
    params = {key: row[key] for key in FACTORS}
    params |= {key.removeprefix(_PARAMS): value for key, value in row.items() if key.startswith(_PARAMS) and value}
    return Run(
        run_id=row["run_id"],
        status=Status(row["status"]),
        signature=row["signature"],
        params=dict(sorted(params.items())),
        metrics={key: float(value) for key, value in row.items() if "/" in key and value},
    )


def _histories(path: Path) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """The points of each history by run."""
    histories: dict[str, dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    with reading(path):
        for run_id, key, step, value in itertools.islice(_csv_rows(path), 1, None):
            histories[run_id][key].append((int(step), float(value)))
    return histories


def _sentences_csv(name: str, tables: Mapping[str, Columns | None]) -> dict[str, bytes]:
    """The columns of each run's sentences as one table, by the file's name; a run that lacks a column has no cell."""
    known = {run_id: columns for run_id, columns in tables.items() if columns}
    rows = (
        {"run": run_id, "sentence": index, **dict(zip(columns, values, strict=True))}
        for run_id, columns in known.items()
        for index, values in enumerate(zip(*(column.tolist() for column in columns.values()), strict=True))
    )
    header = dict.fromkeys(["run", "sentence", *(column for columns in known.values() for column in columns)])
    return {name: gzip.compress(write_csv(list(header), rows), mtime=0)} if known else {}


def _read_sentences(path: Path) -> dict[str, dict[str, npt.NDArray[np.int64]]]:
    """The columns of each run's sentences; nothing where there is no such file."""
    rows: dict[str, list[list[str]]] = defaultdict(list)
    with reading(path):
        header, *lines = list(_csv_rows(path)) or [[]]
        for run_id, _, *cells in lines:
            rows[run_id].append(cells)
        tables = {run_id: zip(header[2:], zip(*cells, strict=True), strict=True) for run_id, cells in rows.items()}
        return {
            run_id: {name: np.array(cells, dtype=np.int64) for name, cells in table if cells[0]}
            for run_id, table in tables.items()
        }


def _csv_rows(path: Path) -> Iterator[list[str]]:
    """The header and the rows of a CSV file, compressed or not; nothing where there is no such file."""
    if path.exists():
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
        yield from csv.reader(io.StringIO(text, newline=""))


def _runs_csv(runs: Sequence[Run]) -> bytes:
    params = sorted({key for run in runs for key in run.params} - set(FACTORS))
    metrics = in_order(key for run in runs for key in run.metrics)
    header = [*_IDENTITY, *FACTORS, *(_PARAMS + key for key in params), *metrics]
    rows = (
        {
            **{name: getattr(run, name) for name in _IDENTITY},
            **{key if key in FACTORS else _PARAMS + key: value for key, value in run.params.items()},
            **run.metrics,
        }
        for run in runs
    )
    return write_csv(header, rows)


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """The values without blank ones."""
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}
