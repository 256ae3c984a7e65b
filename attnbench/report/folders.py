"""Runs read from run folders: those of a plan, or all that a folder holds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from attnbench.config import from_mapping, parameters, suggestion
from attnbench.report.runs import HISTORIES, SCHEDULED, Run, Runs, texts
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
        ValueError: its result has a format that this version does not read.
    """
    folder = RunFolder(path)
    config, facts, result = (read_json(file) or {} for file in (folder.config, folder.facts, folder.result))
    if result and result.get("format") != _FORMAT:
        raise ValueError(
            f"{folder.result} has format {result.get('format')!r}, expected {_FORMAT}. "
            "Read it with the version of attnbench that wrote it."
        )
    status, reason = folder.status()
    if result.get("status") == FINISHED:
        status, reason = FINISHED, ""
    latest, histories = _metrics(folder.read_events())
    return Run(
        run_id=path.name,
        status=status or SCHEDULED,
        signature=facts.get("signature") or result.get("signature", ""),
        params=texts(parameters(from_mapping(config))),
        metrics=latest | result.get("metrics", {}),
        histories=histories,
        sentences=read_sentences(folder.sentences),
        maps=read_json(folder.maps) or [],
        provenance=provenance(facts, result, reason),
    )


def provenance(facts: Mapping[str, Any], result: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """What is known of how a run came about; keys without a value are left out."""
    taken = ("device", "threads", "versions", "bleu_signature", "chrf_signature", "notes", "duration_seconds")
    found = {"reason": reason, "facts": facts.get("facts"), **facts.get("provenance", {})}
    found |= {key: result[key] for key in taken if key in result}
    return {key: value for key, value in sorted(found.items()) if value not in (None, "", [], {})}


def read_sentences(path: Path) -> npt.NDArray[np.int64] | None:
    """Source tokens and BLEU statistics `(sentences, 11)` of a sentences.csv, in the order of the test set."""
    if not path.exists():
        return None
    rows = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.int64, ndmin=2)
    return rows[np.argsort(rows[:, 0], kind="stable"), 1:]


def _metrics(
    events: Iterator[dict[str, Any]],
) -> tuple[dict[str, float], dict[str, tuple[tuple[int, float], ...]]]:
    """The value of each key at its highest step, and the histories; a step logged again counts once, as last."""
    points: dict[str, dict[int, float]] = {}
    for event in events:
        if event["type"] == "metrics":
            for key, value in event["values"].items():
                points.setdefault(key, {})[event["step"]] = value
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
        provenance={},
    )


