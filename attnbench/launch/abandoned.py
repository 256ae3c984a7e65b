"""Runs whose process died before it could record its outcome."""

from attnbench.records import Outcome, RunFolder, Status
from attnbench.records.events import last_outcome
from attnbench.records.status import Reason


def finalize_abandoned(folder: RunFolder, reason: str = Reason.PARENT_DIED) -> bool:
    """Appends the status event that a run's process died before writing; returns whether one was missing.

    With a complete result the run is FINISHED; if its last status is FINISHED without one, or RUNNING, it is KILLED.
    A run that a living process holds is skipped.

    Args:
        folder: the run's.
        reason: why it is not running any more.
    """
    if _missing_outcome(folder, reason) is None:
        return False
    lock = folder.lock()
    if lock is None:
        return False
    with lock:
        missing = _missing_outcome(folder, reason)
        if missing is not None:
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
