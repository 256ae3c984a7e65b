"""What a running sweep shows, one living line on a terminal, now and then a plain line elsewhere; and its words."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from rich import progress as bars
from rich.console import Console, Group
from rich.live import Live
from rich.table import Column
from rich.text import Text

from attnbench.records import Outcome, Progress, Status
from attnbench.wording import number

_PLAIN_SECONDS = 15.0
_COLOURS = {Status.FINISHED: "green", Status.FAILED: "red", Status.KILLED: "yellow", Status.ELSEWHERE: "cyan"}
_WORDS = {Status.SCHEDULED: "new", Status.AGAIN: "measured"}


@dataclass(frozen=True)
class Position:
    """Where a run stands in its sweep.

    Attributes:
        number: the first being 1.
        total: runs that the sweep does.
        name: the run folder's.
        parallel: how many runs are at work at once.
        mean_seconds: how long a run took so far; None before one has finished.
        part: what a run is made of, epoch or round.
    """

    number: int
    total: int
    name: str
    parallel: int
    mean_seconds: float | None
    part: str = "epoch"

    def __str__(self) -> str:
        return f"run {self.number} of {self.total}  {self.name}"

    def sweep_seconds_left(self, elapsed_seconds: float, run_seconds_left: float) -> float:
        """The sweep's time, should the runs that follow take as long as those so far."""
        each = elapsed_seconds + run_seconds_left if self.mean_seconds is None else self.mean_seconds
        return run_seconds_left + each * (self.total - self.number) / self.parallel


class Display:
    """Shows one run while it lasts, in whole lines, at most one in fifteen seconds while nothing but numbers change."""

    def __init__(self, position: Position, clock: Callable[[], float] = time.monotonic) -> None:
        self._position = position
        self._clock = clock
        self._started = self._printed = clock()

    def __enter__(self) -> Self:
        say(f"{self._position}  started")
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, progress: Progress | None) -> None:
        """Shows where the run is, None before it says so."""
        now = self._clock()
        if progress is not None and now - self._printed >= _PLAIN_SECONDS:
            self._printed = now
            say("  ".join([str(self._position), *_parts(progress, self._position.part)]))

    def end(self, outcome: Outcome, note: str) -> None:
        """Shows how the run ended; `note` adds its main result."""
        seconds = self._clock() - self._started
        say(f"{self._position}  {status_words(outcome)} after {duration(seconds)}" + (f"  {note}" if note else ""))


class TerminalDisplay(Display):
    """Two living lines at the bottom of a terminal; one line that stays when the run has ended."""

    def __init__(self, position: Position, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(position, clock)
        self._head = self._line()
        self._progress = bars.Progress(
            bars.TextColumn("{task.description}", "dim", table_column=Column(no_wrap=True, min_width=len("training"))),
            bars.BarColumn(None, table_column=Column(ratio=1)),
            bars.TextColumn("{task.fields[numbers]}", table_column=Column(no_wrap=True, overflow="ellipsis")),
            expand=True,
        )
        self._task = self._progress.add_task("starting", total=None, numbers="")
        self._live = Live(get_renderable=self.lines, console=console, refresh_per_second=4, transient=True)

    def lines(self) -> Group:
        """Run and sweep; phase, bar and numbers."""
        return Group(self._head, self._progress)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def update(self, progress: Progress | None) -> None:
        """Changes the two lines; the bar moves to and fro where the number of steps is unknown."""
        if progress is None:
            return
        phase, *numbers = _parts(progress, self._position.part)
        self._progress.update(self._task, description=phase, numbers="  ".join(numbers), completed=progress.step or 0)
        self._progress.tasks[0].total = progress.steps
        left = progress.seconds_left
        if left is not None and self._position.number < self._position.total:
            sweep_left = self._position.sweep_seconds_left(self._clock() - self._started, left)
            self._head = self._line((f"  sweep {duration(sweep_left)} left", "dim"))

    def end(self, outcome: Outcome, note: str) -> None:
        """Replaces the living lines by one that stays."""
        self._live.stop()
        status = (status_words(outcome), colour_of(outcome.status))
        seconds = duration(self._clock() - self._started)
        self._live.console.print(self._line("  ", status, f"  {seconds}", f"  {note}" if note else ""))

    def _line(self, *rest: str | tuple[str, str]) -> Text:
        index = f"run {self._position.number} of {self._position.total}  "
        return Text.assemble((index, "dim"), (self._position.name, "bold"), *rest, no_wrap=True, overflow="ellipsis")


def make_display(position: Position, *, alone: bool) -> Display:
    """A living display where this process has the terminal to itself (`alone`), else plain lines."""
    living = alone and sys.stdout.isatty()
    return TerminalDisplay(position, Console(highlight=False)) if living else Display(position)


def say(line: str) -> None:
    """Prints a whole line at once."""
    with suppress(BrokenPipeError):  # the runs continue when nobody listens any more
        print(line, flush=True)


def duration(seconds: float) -> str:
    """Seconds as `0:07`, `12:34` or `1:02:03`."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def status_words(outcome: Outcome) -> str:
    """`finished`, or `failed (out of memory)`."""
    word = _WORDS.get(outcome.status, outcome.status.lower())
    return f"{word} ({outcome.reason})" if outcome.reason else word


def colour_of(status: Status) -> str:
    """The colour of a status on a terminal."""
    return _COLOURS.get(status, "default")


def _parts(progress: Progress, part: str) -> list[str]:
    """The parts of progress.json that are there, each with its unit."""
    parts = [progress.phase]
    if progress.epochs:
        parts.append(f"{part} {progress.epoch or 0} of {progress.epochs}")
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.3f}")
    if progress.target_tokens_per_second is not None:
        parts.append(f"{number(progress.target_tokens_per_second, 0)} tokens/s")
    if progress.seconds_left is not None:
        parts.append(f"{duration(progress.seconds_left)} left")
    return parts
