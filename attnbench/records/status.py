"""The status of a run, its reason, and the exit codes by which its process reports it."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Status(StrEnum):
    """The status of a run.

    SCHEDULED (MLflow's word) has not started; ELSEWHERE is held by another process; AGAIN waits for another round
    (`task=profile`). These three are never written as events.
    """

    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"
    ELSEWHERE = "RUNNING ELSEWHERE"
    AGAIN = "AGAIN"


ENDED = (Status.FINISHED, Status.FAILED, Status.KILLED)


class Reason(StrEnum):
    """Why a run failed or was killed, except for errors and signals, which are named by their own words."""

    OUT_OF_MEMORY = "out of memory"
    TIME_LIMIT = "time limit"
    NON_FINITE_LOSS = "non-finite loss"
    PARENT_DIED = "parent died"
    RESULT_LOST = "result lost"


class ExitCode(IntEnum):
    """Exit codes of a run's process; the program's own are FINISHED, FAILED, REFUSED and 128 + a signal's number.

    Those that say what no event says are numbers with which no library and no user's layer ends a process.
    """

    FINISHED = 0
    FAILED = 1
    REFUSED = 2
    KILLED = 3
    LOCKED = 114
    AGAIN = 115
    FINISHED_BEFORE = 116


@dataclass(frozen=True)
class Outcome:
    """How an attempt at a run ended, and for a failure why."""

    status: Status
    reason: str = ""


class Stopped(Exception):
    """A run was asked to stop; what it needs to resume is saved."""


class RunFailure(Exception):
    """A run fails for `reason`, by which it is listed; the message may say more.

    Args:
        message: what went wrong, and what to do.
        reason: the message itself where it is None.
    """

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = message if reason is None else reason


_MEMORY_ERRORS = (
    "MemoryError",
    "std::bad_alloc",
    "ResourceExhausted",
    "RESOURCE_EXHAUSTED",
    "Out of memory",
    "OOM when",
)


def is_out_of_memory(text: str) -> bool:
    """Whether a log, or `type: message` of an exception, reports a failed allocation."""
    return any(error in text for error in _MEMORY_ERRORS)
