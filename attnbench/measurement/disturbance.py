"""How far a run was disturbed while it was timed, as the kernel tells it (Linux), and which windows count."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from attnbench.metrics import MOST_DISTURBANCE
from attnbench.records import Window

PROC = Path("/proc")
_STEAL = 8
"""Which field of a core's line in /proc/stat counts the ticks that the hypervisor gave to another machine."""


def waits(proc: Path = PROC) -> dict[str, float] | None:
    """Seconds so far that each thread of this process waited for a core, and that its cores were taken away on average.

    None where the kernel does not count. Threads of the process that wait for each other's cores count as well.
    """
    tasks = proc / "self" / "task"
    if not (proc / "self" / "schedstat").exists():
        return None
    seconds = {}
    for task in tasks.iterdir():
        try:
            seconds[task.name] = int((task / "schedstat").read_text().split()[1]) / 1e9
        except (FileNotFoundError, ProcessLookupError):  # the thread has ended since it was listed
            continue
    cores = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    lines = [line.split() for line in (proc / "stat").read_text().splitlines()]
    stolen = [int(line[_STEAL]) for line in lines if line[0] in cores]
    return seconds | {"steal": sum(stolen) / len(cores) / os.sysconf("SC_CLK_TCK")}


class Stopwatch:
    """Times steps, and how far they were disturbed.

    Args:
        now: seconds of a clock that only goes forward.
        proc: the folder of the kernel's counts.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter, proc: Path = PROC) -> None:
        self._now, self._proc = now, proc

    def start(self) -> None:
        """Begins a window."""
        self._waits = waits(self._proc)
        self._began = self._now()

    @property
    def seconds(self) -> float:
        """Since the window began."""
        return self._now() - self._began

    def stop(self, steps: int, target_tokens: int, *, quiet: bool) -> Window:
        """The window from `start` to now."""
        seconds, before, after = self.seconds, self._waits, waits(self._proc)
        if before is None or after is None:
            return Window(seconds, steps, target_tokens, quiet)
        waited = sum(total - before.get(name, 0.0) for name, total in after.items())
        return Window(seconds, steps, target_tokens, quiet, waited / seconds)


def is_disturbed(window: Window) -> bool:
    """Whether it was disturbed more than a speed may be."""
    return window.disturbance is not None and window.disturbance > MOST_DISTURBANCE


def candidates(windows: Sequence[Window]) -> list[Window]:
    """The windows that may count: the quiet ones, or all where none is."""
    return [window for window in windows if window.quiet] or list(windows)


def counting(windows: Sequence[Window]) -> list[Window]:
    """The windows that give the speed: the undisturbed ones of the candidates, or all of these where none is."""
    found = candidates(windows)
    return [window for window in found if not is_disturbed(window)] or found


def mean_disturbance(windows: Sequence[Window]) -> float | None:
    """Seconds of waiting ÷ seconds of `windows`; None where the kernel does not tell, or there is no window."""
    told = [(window.seconds, window.disturbance) for window in windows if window.disturbance is not None]
    return sum(seconds * part for seconds, part in told) / sum(seconds for seconds, _ in told) if told else None
