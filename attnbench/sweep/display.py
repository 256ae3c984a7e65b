"""What a running sweep shows: one living line on a terminal, now and then a plain line elsewhere."""

import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from attnbench.records import Outcome, Progress
from attnbench.sweep.words import colour_of, count, duration, status_words

_PLAIN_SECONDS = 15.0
_NARROWEST_BAR, _WIDEST_BAR = 5, 30


@dataclass(frozen=True)
class Place:
    """Where a run stands in its sweep.

    Attributes:
        number: the first being 1.
        total: runs that the sweep does.
        name: the run folder's.
        parallel: how many runs are at work at once.
        mean_seconds: how long a run took so far; None before one has finished.
        alone: whether no other process writes to the terminal.
        part: what a run is made of, epoch or round.
    """

    number: int
    total: int
    name: str
    parallel: int
    mean_seconds: float | None
    alone: bool
    part: str = "epoch"

    def __str__(self) -> str:
        return f"run {self.number} of {self.total}  {self.name}"

    def sweep_seconds_left(self, elapsed_seconds: float, run_seconds_left: float) -> float:
        """The sweep's time, should the runs that follow take as long as those so far."""
        each = elapsed_seconds + run_seconds_left if self.mean_seconds is None else self.mean_seconds
        return run_seconds_left + each * (self.total - self.number) / self.parallel


class Display(Protocol):
    """Shows one run while it lasts."""

    def __enter__(self) -> Self:
        """Begins."""

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Ends."""

    def update(self, progress: Progress | None) -> None:
        """Shows the content of progress.json; None before there is any."""

    def end(self, outcome: Outcome, note: str) -> None:
        """Says how the run ended; `note` adds its main result."""


@dataclass
class TerminalDisplay:
    """Two living lines at the bottom of a terminal; one line that stays when the run has ended."""

    place: Place
    console: Console = field(default_factory=lambda: Console(highlight=False))
    started: float = field(default_factory=time.monotonic)

    def __enter__(self) -> Self:
        self._live = Live(console=self.console, refresh_per_second=4, transient=True)
        self._live.start()
        self.update(None)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()

    def update(self, progress: Progress | None) -> None:
        """Redraws the two lines."""
        elapsed = time.monotonic() - self.started
        head = Text.assemble((f"run {self.place.number} of {self.place.total}  ", "dim"), (self.place.name, "bold"))
        left = progress.seconds_left if progress else None
        if left is not None and self.place.number < self.place.total:
            head.append(f"  sweep {duration(self.place.sweep_seconds_left(elapsed, left))} left", style="dim")
        head.no_wrap, head.overflow = True, "ellipsis"
        self._live.update(Group(head, _line(progress, self.place.part, elapsed, self.console.width)))

    def end(self, outcome: Outcome, note: str) -> None:
        """Replaces the living lines by one that stays."""
        self._live.stop()
        line = Text.assemble(
            (f"run {self.place.number} of {self.place.total}  ", "dim"),
            (self.place.name, "bold"),
            "  ",
            (status_words(outcome), colour_of(outcome.status)),
            f"  {duration(time.monotonic() - self.started)}",
            f"  {note}" if note else "",
        )
        self.console.print(line)


@dataclass
class PlainDisplay:
    """Whole lines, at most one in fifteen seconds while nothing but numbers change."""

    place: Place
    started: float = field(default_factory=time.monotonic)
    _said: float = field(default_factory=time.monotonic)

    def __enter__(self) -> Self:
        say(f"{self.place}  started")
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def update(self, progress: Progress | None) -> None:
        """Says where the run is, unless it has just done so."""
        now = time.monotonic()
        if progress is not None and now - self._said >= _PLAIN_SECONDS:
            self._said = now
            say(f"{self.place}  " + "  ".join(_words(progress, self.place.part)))

    def end(self, outcome: Outcome, note: str) -> None:
        """Says how the run ended."""
        seconds = time.monotonic() - self.started
        say(f"{self.place}  {status_words(outcome)} after {duration(seconds)}" + (f"  {note}" if note else ""))


def make_display(place: Place) -> Display:
    """A living display where this process has the terminal to itself, else plain lines."""
    return TerminalDisplay(place) if sys.stdout.isatty() and place.alone else PlainDisplay(place)


def say(line: str) -> None:
    """Prints a whole line at once."""
    with suppress(BrokenPipeError):  # the runs go on when nobody listens any more
        print(line, flush=True)


def _words(progress: Progress, part: str) -> list[str]:
    """The parts of progress.json that are there, each with its unit."""
    words = [progress.phase]
    if progress.epochs:
        words.append(f"{part} {progress.epoch or 0} of {progress.epochs}")
    if progress.loss is not None:
        words.append(f"loss {progress.loss:.3f}")
    if progress.target_tokens_per_second is not None:
        words.append(f"{count(progress.target_tokens_per_second)} tokens/s")
    if progress.seconds_left is not None:
        words.append(f"{duration(progress.seconds_left)} left")
    return words


def _line(progress: Progress | None, part: str, elapsed_seconds: float, width: int) -> Text | Table:
    """The second living line: phase, bar, numbers; the bar takes what room is left."""
    if progress is None:
        return Text(f"starting  {duration(elapsed_seconds)}", style="dim")
    phase, *numbers = _words(progress, part)
    room = width - sum(len(word) + 2 for word in [phase, *numbers])
    if not progress.steps or room < _NARROWEST_BAR:
        return Text("  ".join([phase, *numbers]), no_wrap=True, overflow="ellipsis")
    line = Table.grid(padding=(0, 2))
    bar = ProgressBar(progress.steps, progress.step or 0, width=min(room, _WIDEST_BAR))
    line.add_row(Text(phase, style="dim"), bar, *(Text(number) for number in numbers))
    return line
