"""One sweep with one run after another, then the same sweep with two runs at once, one thread each."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from attnbench.records import MetricsEvent, RunFolder
from experiments.benchmarks.overhead.start import finish
from experiments.benchmarks.rows import Row

_RUNS = ("attention=bahdanau,dot,general,none", "threads=1", "training.epochs=3", "evaluation.timed_seconds=0")
_TWO_AT_ONCE = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
_MEASUREMENTS = ("speed/", "memory/")


@dataclass(frozen=True)
class Run:
    """A finished run, as its folder records it.

    Attributes:
        name: of its folder.
        start: seconds since the epoch; of its first status.
        first_loss: seconds since the epoch; of its first training loss, after 20 optimiser steps.
        end: seconds since the epoch; of its last event.
        results: its metrics without speed and memory.
    """

    name: str
    start: float
    first_loss: float
    end: float
    results: dict[str, float]


def sweeps(folder: Path, checkout: Path) -> Iterator[Row]:
    """Start of a run, time between two runs, and what two runs at once gain.

    Raises:
        RuntimeError: a run has failed, or two at once give other results than one after another.
    """
    one_seconds, one = _sweep(folder / "one", checkout, ())
    two_seconds, two = _sweep(folder / "two", checkout, _TWO_AT_ONCE)
    if {run.name: run.results for run in one} != {run.name: run.results for run in two}:
        raise RuntimeError("Two runs at once give other results than one after another.")
    starts = [run.first_loss - run.start for run in one]
    gaps = [after.start - before.end for before, after in pairwise(one)]
    what = "start of a run to its first 20 optimiser steps, slowest of 4"
    yield {"what": what, "value": round(max(starts), 1), "unit": "s"}
    what = "end of a run to the start of the next, slowest of 3"
    yield {"what": what, "value": round(max(gaps), 1), "unit": "s"}
    yield {
        "what": "speed-up of a sweep by two single-thread runs at once",
        "value": round(one_seconds / two_seconds, 2),
    }


def _sweep(folder: Path, checkout: Path, launcher: tuple[str, ...]) -> tuple[float, list[Run]]:
    """Seconds of a sweep, and its runs in the order of their starts."""
    folder.mkdir()
    start = time.monotonic()
    finish(["-m", *_RUNS, *launcher], folder, checkout)
    seconds = time.monotonic() - start
    runs = [path for path in folder.glob("runs/*") if RunFolder(path).finished()]
    return seconds, sorted(map(run_of, runs), key=lambda run: run.start)


def run_of(path: Path) -> Run:
    """Reads the run in the folder `path`."""
    folder = RunFolder(path)
    events = folder.read_events()
    losses = [event.time for event in events if isinstance(event, MetricsEvent) and "train/loss" in event.values]
    metrics = folder.result.required().metrics
    results = {key: value for key, value in metrics.items() if not key.startswith(_MEASUREMENTS)}
    return Run(path.name, events[0].time, losses[0], events[-1].time, results)
