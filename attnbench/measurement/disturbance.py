"""How far a run was disturbed while it was timed, as the kernel tells it (Linux), and which windows count."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from attnbench.metrics import MOST_DISTURBANCE
from attnbench.records import Window

PROC = Path("/proc")
_BUSY, _STEAL = (1, 2, 3, 6, 7), 8
"""Fields of a core's line in /proc/stat: ticks that it worked, and that the hypervisor gave to another machine."""
_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Counts:
    """What the kernel has counted so far, in seconds.

    Attributes:
        waits: of each thread of this process for a core, one for another of this process included.
        own: this process on its cores.
        busy: all processes on its cores.
        stolen: what the hypervisor took, mean of its cores.
        cores: how many.
    """

    waits: dict[str, float]
    own: float
    busy: float
    stolen: float
    cores: int

    def disturbance(self, later: "Counts") -> float:
        """Seconds by which others held this process up until `later`.

        Its threads waited for a core while others worked there: no more than it waited, and no more than they worked,
        less what the kernel's ticks leave open.
        """
        waited = sum(total - self.waits.get(name, 0.0) for name, total in later.waits.items())
        others = (later.busy - self.busy) - (later.own - self.own) - self.cores * _TICK_SECONDS
        return max(0.0, min(waited, others)) + later.stolen - self.stolen


def counts(proc: Path = PROC, own: Callable[[], float] = time.process_time) -> Counts | None:
    """The counts so far; None where the kernel does not count."""
    tasks = proc / "self" / "task"
    if not (proc / "self" / "schedstat").exists():
        return None
    waits = {}
    for task in tasks.iterdir():
        try:
            waits[task.name] = int((task / "schedstat").read_text().split()[1]) / 1e9
        except (FileNotFoundError, ProcessLookupError):  # the thread has ended since it was listed
            continue
    names = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    lines = [line.split() for line in (proc / "stat").read_text().splitlines()]
    ticks = [list(map(int, line[1:])) for line in lines if line[0] in names]
    busy = sum(line[field - 1] for line in ticks for field in _BUSY) * _TICK_SECONDS
    stolen = sum(line[_STEAL - 1] for line in ticks) * _TICK_SECONDS / len(names)
    return Counts(waits, own(), busy, stolen, len(names))


class Stopwatch:
    """Times steps, and how far they were disturbed.

    Args:
        now: seconds of a clock that only goes forward.
        count: the kernel's counts.
    """

    def __init__(
        self, now: Callable[[], float] = time.perf_counter, count: Callable[[], Counts | None] = counts
    ) -> None:
        self._now, self._count = now, count

    def start(self) -> None:
        """Begins a window."""
        self._before = self._count()
        self._began = self._now()

    @property
    def seconds(self) -> float:
        """Since the window began."""
        return self._now() - self._began

    def stop(self, steps: int, target_tokens: int, *, quiet: bool) -> Window:
        """The window from `start` to now."""
        seconds, before, after = self.seconds, self._before, self._count()
        disturbance = None if before is None or after is None else before.disturbance(after) / seconds
        return Window(seconds, steps, target_tokens, quiet, disturbance)


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
    """Seconds of disturbance ÷ seconds of `windows`; None where the kernel does not tell, or there is no window."""
    told = [(window.seconds, window.disturbance) for window in windows if window.disturbance is not None]
    return sum(seconds * part for seconds, part in told) / sum(seconds for seconds, _ in told) if told else None
