"""The one lock between processes: a locked file, which the kernel releases when its holder dies."""

from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout


class Lock:
    """A lock that this process holds; leaving it as a context manager releases it."""

    def __init__(self, lock: FileLock) -> None:
        self._lock = lock

    def release(self) -> None:
        """Releases the lock."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def acquire(path: Path) -> Lock | None:
    """Takes the lock at `path` for this process until it is released or the process ends; None if another holds it."""
    try:
        return Lock(_locked(path, timeout_seconds=0))
    except Timeout:
        return None


def wait_for(path: Path) -> Lock:
    """As `acquire`, but waits until every other process has released it."""
    return Lock(_locked(path, timeout_seconds=-1))


def _locked(path: Path, *, timeout_seconds: float) -> FileLock:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A file system without locks is an error: filelock's substitute would outlive a holder that is killed.
    lock = FileLock(path, mode=0o644, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(timeout=timeout_seconds)
    except Timeout:
        raise
    except OSError as error:
        raise OSError(error.errno, f"Cannot be locked ({error.strerror})", str(path)) from error
    return lock
