"""Runs read from run folders: those of a plan, or all that a folder holds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from attnbench.checks import suggestion
from attnbench.config import RunConfig, parameters
from attnbench.metrics import HISTORIES
from attnbench.records import (
    DamagedError,
    MetricsEvent,
    Plan,
    Result,
    RunFolder,
    RunIdentity,
    Status,
    read_record,
    read_sentences,
    run_folders,
)
from attnbench.records.plan import planned_studies
from attnbench.records.result import FORMAT
from attnbench.records.sentences import ALIGNED, SCORED
from attnbench.report.sources.runs import Origin, Run, Runs, study_name, texts
from attnbench.scoring.bleu import Columns


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
        folder, params = RunFolder(runs_dir / entry.folder), texts(parameters(entry.config))
        planned = Run(entry.folder, Status.SCHEDULED, entry.signature, params, origin=origin(entry.identity))
        try:
            found.append(read_run(folder.path) if folder.started() else planned)
        except DamagedError as error:
            found.append(_damaged(planned, _reason(error, runs_dir)))
    return Runs.of(plan.study, found)


def read_all(runs_dir: Path, study: str | None = None) -> Runs:
    """Every run folder in `runs_dir`, or those whose config names `study`.

    A run that is damaged has no result; a remark names it where not even its options can be read.
    """
    runs, remarks = [], []
    for folder in run_folders(runs_dir):
        try:
            params = texts(parameters(folder.config.required()))
        except DamagedError as error:
            remarks.append(f"A run was left out: {_reason(error, runs_dir)}")
            continue
        if study in (None, params["study"]):
            try:
                runs.append(read_run(folder.path))
            except DamagedError as error:
                runs.append(_damaged(Run(folder.path.name, Status.FAILED, "", params), _reason(error, runs_dir)))
    return Runs.of(study or study_name(runs, runs_dir), runs, remarks)


def _damaged(run: Run, reason: str) -> Run:
    """`run` without a result, for the reason that a file of it is damaged."""
    return replace(run, status=Status.FAILED, origin=replace(run.origin, reason=reason))


def _reason(error: DamagedError, runs_dir: Path) -> str:
    """What is damaged, free of this machine's paths: a report is read elsewhere."""
    return str(error).replace(f"{runs_dir}/", "")


def read_run(path: Path) -> Run:
    """The run in the folder `path`.

    Raises:
        DamagedError: a file of it is not as this version writes it, or says what the run is and is missing.
    """
    folder = RunFolder(path)
    folder.require_identity()
    outcome = folder.outcome()
    metrics, histories = _metrics([event for event in folder.read_events() if isinstance(event, MetricsEvent)])
    files = {file.name: path / file.name for file in RunFolder.files() if file.reported and (path / file.name).exists()}
    if not folder.finished():
        files.pop(RunFolder.result.name, None)
    logged = Run(path.name, outcome.status, "", {}, metrics, histories, origin=Origin(outcome.reason))
    return with_files(logged, files)


def with_files(run: Run, files: Mapping[str, Path]) -> Run:
    """The run with what its files say, be they in a run folder or among a store's artifacts.

    Args:
        run: what was logged of it; its params and signature stay where there is no config.json or facts.json, its
            status and the reason where no result.json says FINISHED.
        files: by the names that they have in a run folder.

    Raises:
        DamagedError: a file is not as this version writes it.
    """
    config: RunConfig | None = _content(files, RunFolder.config)
    identity: RunIdentity | None = _content(files, RunFolder.facts)
    result: Result | None = _content(files, RunFolder.result)
    if result is not None and result.format != FORMAT:
        raise DamagedError(
            f"The result of {run.run_id} has format {result.format!r}, expected {FORMAT}. "
            "Read it with the version of attnbench that wrote it."
        )
    finished = result is not None and result.status == Status.FINISHED
    sentences, alignments = (files.get(file.name) for file in (RunFolder.sentences, RunFolder.alignments))
    return replace(
        run,
        status=Status.FINISHED if finished else run.status,
        signature=identity.signature if identity else run.signature,
        params=texts(parameters(config)) if config else run.params,
        origin=origin(identity, result, "" if finished else run.origin.reason),
        metrics={key: float(value) for key, value in {**run.metrics, **(result.metrics if result else {})}.items()},
        sentences=_columns(sentences, SCORED) if finished else None,
        alignments=_columns(alignments, ALIGNED) if finished else None,
        maps=(_content(files, RunFolder.maps) or []) if finished else [],
    )


def _columns(path: Path | None, expected: Sequence[str]) -> Columns | None:
    """The columns of a file of sentences; None where there is no such file."""
    if path is None:
        return None
    return {name: np.array(numbers, dtype=np.int64) for name, numbers in read_sentences(path, expected).items()}


def _content(files: Mapping[str, Path], file: Any) -> Any:
    """What a run's file holds; None where it is not among `files`."""
    return read_record(files[file.name], file.holds) if file.name in files else None


def origin(identity: RunIdentity | None, result: Result | None = None, reason: str = "") -> Origin:
    """What the files of a run say of how it came about; `reason`: why it did not finish."""
    values: dict[str, Any] = {"reason": reason}
    if identity is not None:
        values |= vars(identity.provenance) | {"facts": identity.facts, "threads": identity.facts.threads}
        values["results_version"] = identity.results_version
    for key in ("bleu_signature", "chrf_signature", "test_digest", "notes", "duration_seconds") if result else ():
        values[key] = getattr(result, key)
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
