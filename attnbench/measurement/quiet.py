"""Quiet windows: what a run measures while this user's other runs on this machine pause between two steps."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from attnbench.records import SharedLock, machine_folder

REST = 20
"""How many times as long as the last quiet window the runs of a machine compute before the next one of training."""

_PATIENCE_SECONDS = 5.0
"""How long a run that measures waits until the others have ended their steps; then it measures beside them."""

_LONGEST_PAUSE_SECONDS = 10.0
_POLL_SECONDS = 0.005


class Turnstile:
    """A run's side of the turnstile, through which one run at a time comes to measure.

    Courtois, Heymans and Parnas 1971, problem 2: runs that make steps are its readers, a run that measures its writer.
    A run shares the lock `computing` while it makes steps. A run that wants to measure takes the lock `measuring`, so
    that nobody begins another step, and waits until nobody shares `computing`; it does not wait for what cannot pause,
    reading data or compiling. Each run also shares a third lock, `present`, to its end: a run that is alone has only
    quiet windows, and never waits.

    Nobody starves. A run's first quiet window of training is due at once, and a later one when the runs have computed
    `REST` times as long as the last one took, which the times of the file `measuring` tell; a run that has just
    measured waits twice as long, so that the others come first. No pause exceeds 10 s, even if the run that measures
    hangs.

    Args:
        folder: of the locks; None for a run that measures beside the others and does not pause.

    Attributes:
        quiet: whether the other runs pause now.
        problems: why there are no locks, in a sentence; empty where there are.

    Raises:
        OSError: the folder has no locks.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.quiet = False
        self.problems: list[str] = []
        self._alone = self._failed = self._ignores = self._training = False
        self._first, self._began, self._earliest = True, 0.0, 0.0
        self._joined = folder is not None
        if folder is not None:
            locks = (SharedLock(folder / f"{name}.lock") for name in ("measuring", "computing", "present"))
            self._measuring, self._computing, self._present = locks
            self._present.share()

    @classmethod
    def join(cls) -> "Turnstile":
        """The turnstile of this user's runs on this machine; where there are no locks, one that does nothing."""
        try:
            return cls(machine_folder())
        except OSError as error:
            turnstile = cls()
            turnstile.problems.append(f"Speed was measured without pausing other runs: {error}.")
            return turnstile

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._joined:
            for lock in (self._computing, self._measuring, self._present):
                lock.close()

    def awaited(self) -> bool:
        """Whether another run measures or waits to: then `end`."""
        if self.quiet or not self._joined:
            return False
        free = self._measuring.try_share()
        self._measuring.release()
        self._ignores = self._ignores and not free
        return not free and not self._ignores

    def pause(self) -> None:
        """Waits while another run measures; call it before what is not a step."""
        if self.awaited() and self._pass():
            self._measuring.release()

    def begin(self) -> None:
        """Waits while another run measures; steps follow, and `end`."""
        if self._joined:
            self._enter(lambda: False)

    def measure_if_due(self) -> None:
        """As `begin`, but the others pause until `end`, if it is time for a quiet window of training."""
        if self._joined and not self.quiet:
            self._training = True
            self._enter(lambda: self._is_alone() or (self._due() and self._others_pause()))

    def measure(self) -> None:
        """As `begin`, but the others pause until `end`; before, they compute as long as this run's last window took."""
        if not self._joined or self.quiet:
            return
        if self._failed and time.time() < self._earliest:
            self.begin()
            return
        self._training = False
        time.sleep(min(max(0.0, self._earliest - time.time()), _LONGEST_PAUSE_SECONDS))
        self._enter(lambda: self._is_alone() or self._others_pause())

    def end(self) -> None:
        """Other runs need not wait for what follows; those that paused compute again."""
        if not self._joined:
            return
        self._computing.release()
        if self.quiet:
            self.quiet = False
            if not self._alone:
                self._note(2 * REST if self._training else 1)
            self._measuring.release()

    def _enter(self, quiet: Callable[[], bool]) -> None:
        """Waits while another run measures; then this one does, if `quiet` says so."""
        free = self._pass()
        if free:
            self._began = time.time()
            self.quiet = quiet()
        self._computing.share()  # before another run can come to measure
        if free and not self.quiet:
            self._measuring.release()

    def _pass(self) -> bool:
        """Takes `measuring` as soon as it is free; False where that takes too long."""
        free = _wait_for(self._measuring.try_exclusive, 0 if self._ignores else _LONGEST_PAUSE_SECONDS)
        self._ignores = not free
        return free

    def _is_alone(self) -> bool:
        self._alone = self._present.try_exclusive()
        self._present.share()
        return self._alone

    def _others_pause(self) -> bool:
        self._failed = not _wait_for(self._computing.try_exclusive, _PATIENCE_SECONDS)
        if self._failed:
            self._note(REST)
        return not self._failed

    def _note(self, wait: int) -> None:
        """Notes for how long the others have paused; this run measures again after `wait` times as long."""
        now = time.time()
        self._earliest = now + wait * (now - self._began)
        if self._training:
            self._first = False
            os.utime(self._measuring.descriptor, (self._began, now))

    def _due(self) -> bool:
        last, now = os.fstat(self._measuring.descriptor), time.time()
        resting = 0 <= now - last.st_mtime < REST * (last.st_mtime - last.st_atime)
        return self._first or (now >= self._earliest and not resting)


def _wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Waits until the condition holds, for `seconds` at most; whether it does."""
    deadline = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return holds
