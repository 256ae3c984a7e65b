"""The frozen plan of a sweep: every run checked, signed and looked up before the first one starts."""

import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attnbench.config import RESULTS_VERSION, RunConfig, from_mapping
from attnbench.identity import signature
from attnbench.launch import Stop, finalize_abandoned
from attnbench.records import Entry, Outcome, Plan, RunFolder, RunIdentity, Status
from attnbench.sweep.compose import Composition, Launcher
from attnbench.sweep.facts import Survey, command_line, provenance
from attnbench.tracking import check_uri, public

PLAN_VARIABLE = "ATTNBENCH_PLAN"
"""Environment variable that names the frozen plan in every process that works on it."""

STORE_VARIABLE = "ATTNBENCH_STORE"
"""Environment variable with the store's whole address; what is written down holds it without its password."""

_PROBE_BYTES = 1 << 16
_STUDY = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_SHARED = ("study", "runs_dir", "reports_dir", "tracking", "rerun", "dry_run")


def make_plan(jobs: Sequence[Composition], launcher: Launcher) -> Plan:
    """Checks and signs every job's run and looks up what its folder holds.

    Raises:
        ValueError: an option of any of the runs is wrong, or the machine lacks what it needs.
    """
    survey = Survey(launcher.parallel)
    configs = [from_mapping(job.values) for job in jobs]
    _check_shared(configs)
    check_uri(configs[0].tracking.uri)
    decided = [survey.decide(_without_password(config)) for config in configs]
    command = command_line()
    origin = provenance(command)
    entries: dict[str, Entry] = {}
    signatures = []
    for job, config in zip(jobs, decided, strict=True):
        identifying = survey.facts(config)
        signed = signature(config, asdict(identifying))
        signatures.append(signed)
        if signed not in entries:
            identity = RunIdentity(signed, identifying, replace(origin, device=identifying.device), RESULTS_VERSION)
            entries[signed] = _entry(job, config, identity)
    places = {signed: index for index, signed in enumerate(entries)}
    return Plan(
        study=configs[0].study,
        command=command,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        rerun=configs[0].rerun,
        one_by_one=launcher.one_by_one,
        parallel=survey.parallel,
        gpus=list(survey.devices.gpus) if any(config.device == "gpu" for config in decided) else [],
        entries=list(entries.values()),
        jobs=[places[signed] for signed in signatures],
    )


def claim(runs_dir: Path) -> None:
    """Makes `runs_dir` and sees that it can be written.

    Raises:
        ValueError: it cannot, be it for its place, its permissions or a full disk.
    """
    try:
        (runs_dir / "plans").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=runs_dir) as file:
            file.write(bytes(_PROBE_BYTES))
    except OSError as error:
        raise ValueError(
            f"runs_dir={runs_dir} cannot be written: {error.strerror}. Free it, or give another folder: runs_dir=DIR."
        ) from error


def folder_name(config: RunConfig, signed: str) -> str:
    """A run folder's name: what a reader looks for, then the beginning of the signature."""
    parts = [
        config.attention.name,
        f"h{config.hidden_size}",
        f"l{config.sequence_length}",
        *(["profile"] if config.task == "profile" else [f"s{config.seed}", config.data.name]),
        signed[:10],
    ]
    return "-".join(_slug(part) for part in parts)


def _entry(job: Composition, config: RunConfig, identity: RunIdentity) -> Entry:
    name = folder_name(config, identity.signature)
    folder = RunFolder(Path(config.runs_dir) / name)
    outcome = current_outcome(folder)
    made = folder.facts.read() if outcome.status == Status.FINISHED else None
    commit = made.provenance.commit if made else None
    return Entry(name, config, identity, list(map(public, job.overrides)), outcome.status, outcome.reason, commit)


def current_outcome(folder: RunFolder) -> Outcome:
    """How a run stands now, and why; a run whose process died is finalized on the way."""
    if not folder.finished() and folder.locked():
        return Outcome(Status.ELSEWHERE)
    finalize_abandoned(folder)
    return Outcome(Status.FINISHED) if folder.finished() else folder.outcome()


def stop_of(path: Path) -> Stop:
    """The request to stop the sweep whose plan is at `path`."""
    return Stop(path.with_suffix(".stop"))


def store_uri(config: RunConfig) -> str:
    """The whole address of the store that `config` names."""
    return os.environ.get(STORE_VARIABLE, config.tracking.uri)


def _without_password(config: RunConfig) -> RunConfig:
    return replace(config, tracking=replace(config.tracking, uri=public(config.tracking.uri)))


def _check_shared(configs: Sequence[RunConfig]) -> None:
    """A sweep has one study, one place for runs, one store: the report and the summary cover all of it."""
    for key in _SHARED:
        values = _distinct(getattr(config, key) for config in configs)
        if len(values) > 1:
            raise ValueError(f"A sweep has one {key}, received {len(values)}: {_listed(values)}. Use one.")
    if not re.fullmatch(_STUDY, configs[0].study):
        raise ValueError(
            f"study must name a folder, received {configs[0].study!r}. Use letters, digits, '_', '-' and '.', "
            "and begin with a letter or digit."
        )
    for config in configs:
        if config.task not in ("train", "profile"):
            raise ValueError(f"task={config.task} is not a run of a sweep. Use it without -m and without other values.")


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(public(str(value)) for value in values)


def _distinct(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._]+", "_", text) or "_"
