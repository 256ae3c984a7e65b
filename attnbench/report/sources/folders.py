"""Runs read from run folders: those of a plan, or all that a folder holds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from attnbench.checks import suggestion
from attnbench.config import RunConfig, parameters
from attnbench.metrics import HISTORIES
from attnbench.records import (
    AttentionMap,
    Entry,
    MetricsEvent,
    Plan,
    Result,
    RunFolder,
    RunIdentity,
    Status,
    read_record,
    read_sentences,
)
from attnbench.records.plan import planned_studies
from attnbench.records.result import FORMAT
from attnbench.report.sources.runs import Origin, Run, Runs, texts


def latest_plan(runs_dir: Path, study: str | None = None) -> Plan | None:
    """The last plan of `study`, or of any study; None where `runs_dir` holds no plans at all.

    Raises:
        ValueError: there are plans, but none of `study`.
    """
    plans = planned_studies(runs_dir)
    if not plans:
        return None
    paths = [path for name, path in plans if study in (None, name)]
    if not paths:
        known = sorted({name for name, _ in plans})
        raise ValueError(
            f"Unknown study {study!r} in {runs_dir}. Known: {', '.join(known)}.{suggestion(str(study), known)}"
        )
    return Plan.read(paths[-1])


def read_planned(runs_dir: Path, plan: Plan) -> Runs:
    """The runs of `plan`, those that have not started included."""
    found = []
    for entry in plan.entries:
        folder = RunFolder(runs_dir / entry.folder)
        found.append(read_run(folder.path) if folder.config.exists() else _not_started(entry))
    return Runs.of(plan.study, found)


def read_all(runs_dir: Path, study: str | None = None) -> Runs:
    """Every run folder in `runs_dir`, or those whose config names `study`."""
    runs = [read_run(path.parent) for path in sorted(runs_dir.glob(f"*/{RunFolder.config.name}"))]
    kept = [run for run in runs if study in (None, run.params["study"])]
    names = {run.params["study"] for run in kept}
    return Runs.of(study or (names.pop() if len(names) == 1 else runs_dir.resolve().name), kept)


def read_run(path: Path) -> Run:
    """The run in the folder `path`.

    Raises:
        ValueError: a file of it is not as this version writes it.
    """
    folder = RunFolder(path)
    outcome = folder.outcome()
    latest, histories = _metrics([event for event in folder.read_events() if isinstance(event, MetricsEvent)])
    files = {file.name: path / file.name for file in RunFolder.files() if file.reported and (path / file.name).exists()}
    if not folder.finished():
        files.pop(RunFolder.result.name, None)
    return run_of(path.name, files, status=outcome.status, reason=outcome.reason, metrics=latest, histories=histories)


def run_of(
    run_id: str,
    files: Mapping[str, Path],
    *,
    status: Status,
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
    config: RunConfig | None = _content(files, RunFolder.config)
    identity: RunIdentity | None = _content(files, RunFolder.facts)
    result: Result | None = _content(files, RunFolder.result)
    if result is not None and result.format != FORMAT:
        raise ValueError(
            f"The result of {run_id} has format {result.format!r}, expected {FORMAT}. "
            "Read it with the version of attnbench that wrote it."
        )
    finished = result is not None and result.status == Status.FINISHED
    maps: list[AttentionMap] = (_content(files, RunFolder.maps) or []) if finished else []
    sentences = files.get(RunFolder.sentences.name)
    return Run(
        run_id=run_id,
        status=Status.FINISHED if finished else status,
        signature=identity.signature if identity else signature,
        params=texts(parameters(config) if config else params or {}),
        metrics={key: float(value) for key, value in (dict(metrics) | (result.metrics if result else {})).items()},
        histories=histories,
        sentences=np.array(read_sentences(sentences), dtype=np.int64) if finished and sentences else None,
        maps=maps,
        origin=origin(identity, result, "" if finished else reason),
    )


def _content(files: Mapping[str, Path], file: Any) -> Any:
    """What a run's file holds; None where it is not among `files`."""
    return read_record(files[file.name], file.holds) if file.name in files else None


def origin(identity: RunIdentity | None, result: Result | None, reason: str) -> Origin:
    """What the files of a run say of how it came about."""
    values: dict[str, Any] = {"reason": reason}
    if identity is not None:
        values |= vars(identity.provenance) | {"facts": identity.facts, "threads": identity.facts.threads}
        values["results_version"] = identity.results_version
    if result is not None:
        taken = ("bleu_signature", "chrf_signature", "notes", "duration_seconds")
        values |= {key: getattr(result, key) for key in taken}
    return Origin(**values)


def _metrics(
    events: Sequence[MetricsEvent],
) -> tuple[dict[str, float], dict[str, tuple[tuple[int, float], ...]]]:
    """The value of each key at its highest step, and the histories; of a step logged twice the first, as in MLflow."""
    points: dict[str, dict[int, float]] = {}
    for event in events:
        for key, value in event.values.items():
            points.setdefault(key, {}).setdefault(event.step, value)
    latest = {key: values[max(values)] for key, values in points.items()}
    return latest, {key: tuple(sorted(points[key].items())) for key in HISTORIES if key in points}


def _not_started(entry: Entry) -> Run:
    params = texts(parameters(entry.config))
    return Run(entry.folder, Status.SCHEDULED, entry.signature, params, origin=origin(entry.identity, None, ""))
