"""How an attempt at a run ended, read from the child's exit code, its events, its log and the kernel's counters."""

import signal
from dataclasses import dataclass, replace
from pathlib import Path

from attnbench.results import FAILED, FINISHED, KILLED, RunFolder

ELSEWHERE = "RUNNING ELSEWHERE"
"""Another process holds the run."""
AGAIN = "AGAIN"
"""The run wants another round (`task=profile`)."""

_LOCKED_EXIT, _AGAIN_EXIT, _DONE_EXIT = 4, 5, 6
_ASKED_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MEMORY_ERRORS = (
    "MemoryError",
    "std::bad_alloc",
    "ResourceExhausted",
    "RESOURCE_EXHAUSTED",
    "Out of memory",
    "OOM when",
)


@dataclass(frozen=True)
class Outcome:
    """A status of `attnbench.results`, ELSEWHERE or AGAIN, and for a failure why."""

    status: str
    reason: str = ""


DONE = Outcome(FINISHED, "by another process")
"""Somebody else has finished the run since it was planned."""


@dataclass(frozen=True)
class Beginning:
    """What was there before an attempt, so that its own traces can be told apart."""

    statuses: int
    log_bytes: int
    oom_kills: int

    @classmethod
    def of(cls, folder: RunFolder) -> "Beginning":
        """The state just before an attempt in `folder`."""
        log_bytes = folder.log.stat().st_size if folder.log.exists() else 0
        return cls(len(statuses(folder)), log_bytes, oom_kills())


@dataclass(frozen=True)
class Ending:
    """How an attempt's process ended: its exit code (negative: a signal), and what the parent did to it."""

    exit_code: int
    timed_out: bool = False
    stopped_by: str | None = None


def judge(folder: RunFolder, beginning: Beginning, ending: Ending) -> Outcome:
    """The outcome of an attempt; appends it to the folder's events where the child could not."""
    if ending.exit_code == _LOCKED_EXIT:
        return Outcome(ELSEWHERE)
    if ending.exit_code == _DONE_EXIT:
        return DONE
    said = statuses(folder)[beginning.statuses :]
    last = said[-1] if said else None
    outcome = _outcome(folder, beginning, ending, last)
    outcome = replace(outcome, reason=folder.with_need(outcome.reason))
    if outcome.status != AGAIN and outcome != last:
        record(folder, outcome)
    return outcome


def record(folder: RunFolder, outcome: Outcome) -> None:
    """Appends a status event."""
    reason = {"reason": outcome.reason} if outcome.reason else {}
    folder.append("status", status=outcome.status, **reason)


def _outcome(folder: RunFolder, beginning: Beginning, ending: Ending, last: Outcome | None) -> Outcome:
    if folder.finished():
        return Outcome(FINISHED)
    if ending.timed_out:
        return Outcome(FAILED, "time limit")
    if ending.stopped_by is None and ending.exit_code == _AGAIN_EXIT:
        return Outcome(AGAIN)
    if last is not None and last.status in (FAILED, KILLED):
        return last
    if ending.stopped_by is not None:
        return Outcome(KILLED, f"signal {ending.stopped_by}")
    return _crash(folder, beginning, ending.exit_code)


def _crash(folder: RunFolder, beginning: Beginning, exit_code: int) -> Outcome:
    """What ended a child that could not say so itself."""
    log = _text_from(folder.log, beginning.log_bytes)
    if any(words in log for words in _MEMORY_ERRORS):
        return Outcome(FAILED, "out of memory")
    if exit_code == -signal.SIGKILL and oom_kills() > beginning.oom_kills:
        return Outcome(FAILED, "out of memory")
    if exit_code < 0:
        name = signal.Signals(-exit_code).name
        if -exit_code in (*_ASKED_TO_END, signal.SIGKILL):
            return Outcome(KILLED, f"signal {name}")
        return Outcome(FAILED, f"error: the process crashed with {name}")
    lines = [line for line in log.splitlines() if line.strip()]
    last_words = lines[-1].strip() if lines else f"the process ended with exit code {exit_code} and no result"
    return Outcome(FAILED, f"error: {last_words}")


def oom_kills() -> int:
    """How many processes the kernel has killed for want of memory, in this control group or on this machine."""
    for path in (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat")):
        try:
            lines = path.read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def statuses(folder: RunFolder) -> list[Outcome]:
    """The status events so far, in order."""
    events = folder.read_events()
    return [Outcome(event["status"], event.get("reason", "")) for event in events if event["type"] == "status"]


def _text_from(path: Path, offset: int) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(offset)
        return file.read().decode(errors="replace")
