"""Lets the n-th call of one kind fail: what a full disk, a lost permission or a machine without room does to a program.

As SQLite tests itself: a loop raises n until a whole command passes without a fault.
"""

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock
import pytest


class Faults:
    """Counts the calls of one kind below `folder`, and fails the one whose number is `failing`.

    Args:
        kind: a key of `KINDS`.
        folder: calls on other paths do not count.
        failing: the first call being 1.
    """

    def __init__(self, kind: str, folder: Path, failing: int) -> None:
        self._install, self._failing, self._folder, self._calls = KINDS[kind], failing, folder, 0

    @property
    def injected(self) -> bool:
        """Whether a call has failed."""
        return self._calls >= self._failing

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Replaces the function for as long as `monkeypatch` lasts."""
        self._install(self, monkeypatch)

    def hit(self, path: Any = None) -> bool:
        """Whether this call, on `path`, is the one that fails."""
        if path is not None and not Path(path).is_relative_to(self._folder):
            return False
        self._calls += 1
        return self._calls == self._failing


def _failed(code: int, path: Any = None) -> OSError:
    return OSError(code, os.strerror(code), *([] if path is None else [str(path)]))


def _replacing(
    owner: Any, name: str, code: int, *, has_path: bool = True
) -> Callable[[Faults, pytest.MonkeyPatch], None]:
    """Makes `owner.name` raise OSError(`code`); its first argument is the path, unless it has none."""

    def install(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
        call = getattr(owner, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            path = arguments[0] if has_path else None
            if faults.hit(path):
                raise _failed(code, path)
            return call(*arguments, **options)

        monkeypatch.setattr(owner, name, counted)

    return install


def _forbidden(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file cannot be opened for writing."""
    _opening(faults, monkeypatch, lambda path: _raise(_failed(errno.EACCES, path)))


def _full(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file can be opened, and what is written into it finds no room."""
    _opening(faults, monkeypatch, lambda _: Path("/dev/full"))


def _opening(faults: Faults, monkeypatch: pytest.MonkeyPatch, instead: Callable[[Path], Path]) -> None:
    call = Path.open

    def counted(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        fails = set(mode) & set("wa+x") and faults.hit(path)
        return call(instead(path) if fails else path, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", counted)


def _raise(error: OSError) -> Path:
    raise error


def _no_lock(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    call = filelock.FileLock.acquire

    def counted(lock: filelock.FileLock, *arguments: Any, **options: Any) -> Any:
        if faults.hit():
            raise _failed(errno.ENOLCK)
        return call(lock, *arguments, **options)

    monkeypatch.setattr(filelock.FileLock, "acquire", counted)


KINDS: dict[str, Callable[[Faults, pytest.MonkeyPatch], None]] = {
    "open": _forbidden,
    "write": _full,
    "fsync": _replacing(os, "fsync", errno.EIO, has_path=False),
    "replace": _replacing(os, "replace", errno.EACCES),
    "mkdir": _replacing(Path, "mkdir", errno.ENOSPC),
    "lock": _no_lock,
    "start": _replacing(subprocess, "Popen", errno.EAGAIN, has_path=False),
}
"""What can fail, by its name."""
