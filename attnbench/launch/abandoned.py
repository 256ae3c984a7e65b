"""Runs whose process died before it could say how it ended."""

from attnbench.records import Outcome, RunFolder, Status
from attnbench.records.events import last_outcome
from attnbench.records.status import Reason


def finalize_abandoned(folder: RunFolder, reason: str = Reason.PARENT_DIED) -> bool:
    """Appends the status event that a run's process did not live to write; whether one was missing.

    With a complete result the run is FINISHED; if it says so without one, or says that it is running, it is KILLED.
    A run that a living process holds is left to it.

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
    """What the events lack in a folder in which nobody works."""
    last = last_outcome(folder.read_events())
    status = None if last is None else last.status
    if folder.finished():
        return None if status == Status.FINISHED else Outcome(Status.FINISHED)
    reasons: dict[Status | None, str] = {Status.RUNNING: reason, Status.FINISHED: Reason.RESULT_LOST}
    return Outcome(Status.KILLED, reasons[status]) if status in reasons else None
