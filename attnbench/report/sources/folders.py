"""Runs read from run folders: those of a plan, or all that a folder holds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from attnbench.checks import suggestion
from attnbench.config import from_mapping, parameters
from attnbench.metrics import HISTORIES
from attnbench.report.sources.runs import SCHEDULED, SENTENCE_COLUMNS, Run, Runs, texts
from attnbench.results import FINISHED, RunFolder, read_json

_FORMAT = 1


@dataclass(frozen=True)
class Plan:
    """A frozen plan: the study and its entries, each with signature, folder and config."""

    path: Path
    study: str
    created: str
    entries: list[dict[str, Any]]


def read_plan(path: Path) -> Plan:
    """Reads the plan in `path`.

    Raises:
        ValueError: there is no plan in it.
    """
    content = read_json(path)
    if not isinstance(content, Mapping) or "entries" not in content:
        raise ValueError(f"No plan in {path}: expected a JSON file with entries. Name one of the files in runs/plans.")
    return Plan(path, content["study"], content.get("created", ""), content["entries"])


def latest_plan(runs_dir: Path, study: str | None = None) -> Plan | None:
    """The last plan of `study`, or of any study; None where `runs_dir` holds no plans at all.

    Raises:
        ValueError: there are plans, but none of `study`.
    """
    plans = [read_plan(path) for path in sorted((runs_dir / "plans").glob("*.json"))]
    if not plans:
        return None
    wanted = [plan for plan in plans if study in (None, plan.study)]
    if not wanted:
        known = sorted({plan.study for plan in plans})
        raise ValueError(
            f"Unknown study {study!r} in {runs_dir}. Known: {', '.join(known)}.{suggestion(str(study), known)}"
        )
    return max(wanted, key=lambda plan: (plan.created, plan.path.name))


def read_planned(runs_dir: Path, plan: Plan) -> Runs:
    """The runs of `plan`, those that have not started included."""
    found = []
    for entry in plan.entries:
        folder = runs_dir / Path(entry["folder"]).name
        found.append(read_run(folder) if (folder / "config.json").exists() else _not_started(entry))
    return Runs.of(plan.study, found)


def read_all(runs_dir: Path, study: str | None = None) -> Runs:
    """Every run folder in `runs_dir`, or those whose config names `study`."""
    runs = [read_run(path.parent) for path in sorted(runs_dir.glob("*/config.json"))]
    kept = [run for run in runs if study in (None, run.params["study"])]
    names = {run.params["study"] for run in kept}
    return Runs.of(study or (names.pop() if len(names) == 1 else runs_dir.resolve().name), kept)


def read_run(path: Path) -> Run:
    """The run in the folder `path`.

    Raises:
        ValueError: a file of it is not as this version writes it.
    """
    folder = RunFolder(path)
    status, reason = folder.status()
    latest, histories = _metrics(folder.read_events())
    names = ("config.json", "facts.json", "result.json", "sentences.csv", "maps.json")
    files = {name: path / name for name in names if (path / name).exists()}
    if not folder.finished():
        files.pop("result.json", None)
    return run_of(path.name, files, status=status or SCHEDULED, reason=reason, metrics=latest, histories=histories)


def run_of(
    run_id: str,
    files: Mapping[str, Path],
    *,
    status: str,
    reason: str,
    metrics: Mapping[str, float],
    histories: Mapping[str, tuple[tuple[int, float], ...]],
    params: Mapping[str, str] | None = None,
    signature: str = "",
) -> Run:
    """A run from the files that there are of it, in a run folder or among a store's artifacts.

    Args:
        run_id: name of the run folder.
        files: by the names that they have in a run folder.
        status: where there is no result.json that says FINISHED.
        reason: why it did not finish.
        metrics: the last value of each key that was logged; result.json's go before them.
        histories: by key.
        params: where there is no config.json.
        signature: where there is no facts.json.

    Raises:
        ValueError: a file is not as this version writes it.
    """
    facts, result = (read_json(files[name]) if name in files else {} for name in ("facts.json", "result.json"))
    if result and result.get("format") != _FORMAT:
        raise ValueError(
            f"The result of {run_id} has format {result.get('format')!r}, expected {_FORMAT}. "
            "Read it with the version of attnbench that wrote it."
        )
    finished = result.get("status") == FINISHED
    config = read_json(files["config.json"]) if "config.json" in files else None
    return Run(
        run_id=run_id,
        status=FINISHED if finished else status,
        signature=facts.get("signature", signature),
        params=texts(parameters(from_mapping(config)) if config else params or {}),
        metrics={key: float(value) for key, value in (dict(metrics) | result.get("metrics", {})).items()},
        histories=histories,
        sentences=_sentences(files["sentences.csv"]) if finished and "sentences.csv" in files else None,
        maps=read_json(files["maps.json"]) if finished and "maps.json" in files else [],
        provenance=provenance(facts, result, "" if finished else reason),
    )


def provenance(facts: Mapping[str, Any], result: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """What is known of how a run came about; keys without a value are left out."""
    taken = ("device", "threads", "versions", "bleu_signature", "chrf_signature", "notes", "duration_seconds")
    found = {"reason": reason, "facts": facts.get("facts"), **facts.get("provenance", {})}
    found |= {key: result[key] for key in taken if key in result}
    return {key: value for key, value in sorted(found.items()) if value not in (None, "", [], {})}


def _sentences(path: Path) -> npt.NDArray[np.int64]:
    """Source tokens and BLEU statistics `(sentences, 11)` of a sentences.csv, in the order of the test set."""
    with path.open(encoding="utf-8") as file:
        header = file.readline().strip().split(",")
        if header != ["sentence", *SENTENCE_COLUMNS]:
            raise ValueError(f"{path} has columns {header}, expected sentence and {', '.join(SENTENCE_COLUMNS)}.")
        rows = np.loadtxt(file, delimiter=",", dtype=np.int64, ndmin=2)
    return rows[np.argsort(rows[:, 0], kind="stable"), 1:]


def _metrics(
    events: Iterator[dict[str, Any]],
) -> tuple[dict[str, float], dict[str, tuple[tuple[int, float], ...]]]:
    """The value of each key at its highest step, and the histories; of a step logged twice the first, as in MLflow."""
    points: dict[str, dict[int, float]] = {}
    for event in events:
        if event["type"] == "metrics":
            for key, value in event["values"].items():
                points.setdefault(key, {}).setdefault(event["step"], value)
    latest = {key: values[max(values)] for key, values in points.items()}
    return latest, {key: tuple(sorted(points[key].items())) for key in HISTORIES if key in points}


def _not_started(entry: Mapping[str, Any]) -> Run:
    return Run(
        run_id=Path(entry["folder"]).name,
        status=SCHEDULED,
        signature=entry["signature"],
        params=texts(parameters(from_mapping(entry["config"]))),
        metrics={},
        histories={},
        sentences=None,
        maps=[],
        provenance=provenance({"facts": entry["facts"]["facts"]}, {}, ""),
    )
