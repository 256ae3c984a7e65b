"""The frozen plan of a sweep: every run checked, signed and looked up before the first one starts."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from attnbench.config import RESULTS_VERSION, Role, RunConfig, role, to_mapping, top_level
from attnbench.identity import signature
from attnbench.launch import finalize_abandoned
from attnbench.mapping import flatten
from attnbench.records import DamagedError, Entry, Outcome, Plan, RunFolder, RunIdentity, Status, wait_for
from attnbench.records.plan import PLANS
from attnbench.sweep.compose import Job
from attnbench.sweep.errors import message
from attnbench.sweep.facts import Survey, command_line, provenance
from attnbench.tracking import check_uri, public

_PROBE_BYTES = 1 << 16
_STUDY = r"[A-Za-z0-9][A-Za-z0-9._-]*"


def make_plan(jobs: Sequence[Job], *, parallel: int) -> Plan:
    """Checks and signs every job's run and looks up what its folder holds.

    Args:
        jobs: those that mean the same run share an entry.
        parallel: how many runs share this machine at once; -1: one per core.

    Raises:
        ValueError: an option of any of the runs is wrong, or the machine lacks what it needs.
    """
    survey, first = Survey(parallel), jobs[0].config
    _check_shared([job.config for job in jobs])
    check_uri(first.tracking.uri)
    decided = [survey.decide(_without_password(job.config)) for job in jobs]
    command = command_line()
    origin = provenance(command)
    entries: dict[str, Entry] = {}
    for job, config in zip(jobs, decided, strict=True):
        facts = survey.facts(config)
        signed = signature(config, asdict(facts))
        if signed not in entries:
            identity = RunIdentity(signed, facts, replace(origin, device=facts.device), RESULTS_VERSION)
            entries[signed] = _entry(job, config, identity)
    return Plan(
        study=first.study,
        command=command,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        rerun=first.rerun,
        parallel=survey.parallel,
        entries=list(entries.values()),
    )


def claim(runs_dir: Path) -> None:
    """Creates `runs_dir` and checks that files in it can be written and locked.

    Raises:
        ValueError: they cannot, because of its path, its permissions, a full disk or its file system.
    """
    try:
        (runs_dir / PLANS).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=runs_dir) as folder, wait_for(Path(folder) / "lock"):
            (Path(folder) / "probe").write_bytes(bytes(_PROBE_BYTES))
    except OSError as error:
        raise ValueError(
            f"runs_dir={runs_dir} cannot be written: {error.strerror}. Make it writable, or use another: runs_dir=DIR."
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
    return "-".join(re.sub(r"[^A-Za-z0-9._]+", "_", part) or "_" for part in parts)


def _entry(job: Job, config: RunConfig, identity: RunIdentity) -> Entry:
    name = folder_name(config, identity.signature)
    folder = RunFolder(Path(config.runs_dir) / name)
    outcome = current_outcome(folder)
    commit = folder.facts.required().provenance.commit if outcome.status == Status.FINISHED else None
    overrides = [line for line in job.overrides if role(line.lstrip("+~").partition("=")[0]) is not Role.LOCATION]
    return Entry(name, config, identity, overrides, outcome.status, outcome.reason, commit)


def current_outcome(folder: RunFolder) -> Outcome:
    """How a run stands now, and why; a run whose process died is finalized on the way.

    A run whose files cannot be used has failed, for that reason.
    """
    try:
        if not folder.finished() and folder.locked():
            return Outcome(Status.ELSEWHERE)
        finalize_abandoned(folder)
        if not folder.finished():
            return folder.outcome()
        folder.require_identity()
        return Outcome(Status.FINISHED)
    except (DamagedError, OSError) as error:
        return Outcome(Status.FAILED, message(error))


def _without_password(config: RunConfig) -> RunConfig:
    return replace(config, tracking=replace(config.tracking, uri=public(config.tracking.uri)))


def _check_shared(configs: Sequence[RunConfig]) -> None:
    """A sweep has one study, one folder of runs, one store: the report and the summary cover all of it."""
    groups = top_level(Role.SWEEP, Role.LOCATION)
    shared = [flatten({key: to_mapping(config)[key] for key in groups}) for config in configs]
    for key in shared[0]:
        values = list(dict.fromkeys(str(options[key]) for options in shared))
        if len(values) > 1:
            listed = ", ".join(map(public, values))
            raise ValueError(f"A sweep has one {key}, received {len(values)}: {listed}. Use one.")
    if not re.fullmatch(_STUDY, configs[0].study):
        raise ValueError(
            f"study must name a folder, received {configs[0].study!r}. Use letters, digits, '_', '-' and '.', "
            "and begin with a letter or digit."
        )
    for config in configs:
        if config.task not in ("train", "profile"):
            raise ValueError(f"task={config.task} cannot be part of a sweep. Give one task, and each option one value.")
