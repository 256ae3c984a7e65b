"""The locks between processes: locked files, which the kernel releases when their holder dies."""

import fcntl
import os
import platform
from pathlib import Path
from typing import Self

import platformdirs
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


def machine_folder() -> Path:
    """The folder of the locks that this user's runs on this machine share; nobody else may write there."""
    folder = platformdirs.user_cache_path("attnbench") / "locks" / platform.node()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


class SharedLock:
    """A lock that many processes share or one holds exclusively, quick enough to be tried at every training step.

    filelock's lock of this kind is a transaction in SQLite, which takes hundreds of times as long.

    Args:
        path: the locked file, in a folder that exists.

    Raises:
        OSError: the file cannot be opened, or its file system has no locks.
    """

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self.release()

    def share(self) -> None:
        """Shares the lock, as soon as nobody holds it exclusively."""
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)

    def try_share(self) -> bool:
        """Shares the lock unless another process holds it exclusively; True then."""
        return self._try(fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        """Takes the lock exclusively unless another process holds or shares it; False leaves this one without it."""
        return self._try(fcntl.LOCK_EX)

    def release(self) -> None:
        """Gives the lock up, where this process holds or shares it."""
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Gives the lock up for good."""
        os.close(self.descriptor)

    def _try(self, operation: int) -> bool:
        try:
            fcntl.flock(self.descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True
