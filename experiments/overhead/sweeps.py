"""One sweep with one run after another, then the same one with two runs at once, a thread each."""

import time
from pathlib import Path
from typing import Any

from attnbench.results import RunFolder, read_json
from experiments.overhead.start import start
from experiments.overhead.worker import SECONDS_FILE

_RUNS = ("attention=bahdanau,dot,general,none", "threads=1", "training.epochs=3")
_TWO_AT_ONCE = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
_WITHOUT = ("speed/", "memory/")


def sweeps(folder: Path, checkout: Path) -> list[tuple[str, str, str]]:
    """Rows of the table: start of a run, time between two runs, and what two runs at once gain.

    Raises:
        RuntimeError: a run has failed, or two at once give other results than one after another.
    """
    one, alone = _sweep(folder / "one", checkout, ())
    two, together = _sweep(folder / "two", checkout, _TWO_AT_ONCE)
    if _results(alone) != _results(together):
        raise RuntimeError("Two runs at once give other results than one after another.")
    marks = sorted((read_json(run.path / SECONDS_FILE) for run in alone), key=lambda mark: float(mark["began"]))
    starts = [mark["first_step"] - mark["began"] for mark in marks]
    ends = sorted(list(run.read_events())[-1]["time"] for run in alone)
    gaps = [mark["began"] - end for end, mark in zip(ends, marks[1:], strict=False)]
    return [
        ("start of a run's process to its first step, slowest of 4", f"{max(starts):.1f} s", "within 12 s"),
        ("end of a run to the start of the next, slowest of 3", f"{max(gaps):.1f} s", "at most 3 s"),
        ("two single-thread runs at once, rate of the sweep", f"{one / two:.2f}", "at least 1.7"),
    ]


def _sweep(folder: Path, checkout: Path, words: tuple[str, ...]) -> tuple[float, list[RunFolder]]:
    """Seconds of a sweep, and its runs."""
    folder.mkdir()
    began = time.monotonic()
    command = start(["-m", "experiments.overhead.sweep", "-m", *_RUNS, *words], folder, checkout)
    if command.wait() != 0:
        raise RuntimeError("A run of the measured sweep has failed; what it said is above.")
    seconds = time.monotonic() - began
    return seconds, [RunFolder(path.parent) for path in sorted(folder.glob(f"runs/*/{SECONDS_FILE}"))]


def _results(runs: list[RunFolder]) -> list[tuple[str, dict[str, Any]]]:
    metrics = [(run.path.name, read_json(run.result)["metrics"]) for run in runs]
    return [(name, {k: v for k, v in values.items() if not k.startswith(_WITHOUT)}) for name, values in metrics]
