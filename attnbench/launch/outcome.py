"""How an attempt at a run ended, read from what its process left: exit code, events, log, the kernel's counters."""

import signal
from dataclasses import dataclass, replace
from pathlib import Path

from attnbench.records import ExitCode, Outcome, RunFolder, Status
from attnbench.records.events import last_outcome
from attnbench.records.status import Reason, is_out_of_memory

_REQUESTS_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)

FINISHED_BEFORE = Outcome(Status.FINISHED, "by another process")
"""Another process has finished the run since it was planned."""


@dataclass(frozen=True)
class Snapshot:
    """The state before an attempt, so that earlier traces are not taken for its own."""

    events: int
    log_bytes: int
    oom_kills: int

    @classmethod
    def of(cls, folder: RunFolder) -> "Snapshot":
        """The state just before an attempt in `folder`."""
        log_bytes = folder.log.path.stat().st_size if folder.log.exists() else 0
        return cls(len(folder.read_events()), log_bytes, oom_kills())


@dataclass(frozen=True)
class Exit:
    """How an attempt's process ended: its exit code (negative: a signal), and whether the parent ended it."""

    code: int
    timed_out: bool = False
    stopped_by: str | None = None


def classify(folder: RunFolder, before: Snapshot, exit_: Exit) -> Outcome:
    """The outcome of an attempt; appends it to the folder's events where the process could not."""
    if exit_.code == ExitCode.LOCKED:
        return Outcome(Status.ELSEWHERE)
    if exit_.code == ExitCode.FINISHED_BEFORE:
        return FINISHED_BEFORE
    reported = last_outcome(folder.read_events()[before.events :])
    outcome = _outcome(folder, before, exit_, reported)
    outcome = replace(outcome, reason=folder.with_need(outcome.reason))
    if outcome.status != Status.AGAIN and outcome != reported:
        folder.record(outcome)
    return outcome


def finalize_abandoned(folder: RunFolder, reason: str = Reason.PARENT_DIED) -> bool:
    """Appends the status event that a run's process died before writing; returns whether one was missing.

    With a complete result the run is FINISHED; if its last status is FINISHED without one, or RUNNING, it is KILLED,
    the latter for `reason`. A run that a living process holds is skipped.
    """
    lock = folder.lock() if _missing_outcome(folder, reason) else None
    if lock is None:
        return False
    with lock:
        missing = _missing_outcome(folder, reason)
        if missing:
            folder.record(missing)
        return missing is not None


def _missing_outcome(folder: RunFolder, reason: str) -> Outcome | None:
    """The outcome that the events lack, in a folder in which no process works."""
    last = last_outcome(folder.read_events())
    status = None if last is None else last.status
    if folder.finished():
        return None if status == Status.FINISHED else Outcome(Status.FINISHED)
    reasons: dict[Status | None, str] = {Status.RUNNING: reason, Status.FINISHED: Reason.RESULT_LOST}
    return Outcome(Status.KILLED, reasons[status]) if status in reasons else None


def _outcome(folder: RunFolder, before: Snapshot, exit_: Exit, reported: Outcome | None) -> Outcome:
    if folder.finished():
        return Outcome(Status.FINISHED)
    if exit_.timed_out:
        return Outcome(Status.FAILED, Reason.TIME_LIMIT)
    if exit_.stopped_by is None and exit_.code == ExitCode.AGAIN:
        return Outcome(Status.AGAIN)
    if reported is not None and reported.status in (Status.FAILED, Status.KILLED):
        return reported
    if exit_.stopped_by is not None:
        return Outcome(Status.KILLED, f"signal {exit_.stopped_by}")
    return _crash(folder, before, exit_.code)


def _crash(folder: RunFolder, before: Snapshot, exit_code: int) -> Outcome:
    """The outcome of a process that could not record one itself."""
    log = folder.log.path.read_bytes()[before.log_bytes :].decode(errors="replace")
    killed_for_memory = exit_code == -signal.SIGKILL and oom_kills() > before.oom_kills
    if is_out_of_memory(log) or killed_for_memory:
        return Outcome(Status.FAILED, Reason.OUT_OF_MEMORY)
    if -exit_code in _REQUESTS_TO_END:
        return Outcome(Status.KILLED, f"signal {signal.Signals(-exit_code).name}")
    how = f"by {_signal_name(-exit_code)}" if exit_code < 0 else f"with exit status {exit_code} and no result"
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    # Whether the line has to do with the end is not known: it may be a warning from long before.
    last_line = f"; last line of {folder.log.name}: {lines[-1]}" if lines else ""
    return Outcome(Status.FAILED, f"error: the process ended {how}{last_line}")


def _signal_name(number: int) -> str:
    return signal.Signals(number).name if number in list(signal.Signals) else f"signal {number}"


def oom_kills() -> int:
    """How many processes the kernel has killed because memory ran out, in this control group or on this machine."""
    for path in (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat")):
        try:
            lines = path.read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
