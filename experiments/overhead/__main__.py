"""What the harness itself costs: plan, parent process, bookkeeping, start of a run, sweeps, data on their way in.

    python -m experiments.overhead [--multi30k DIR] [--hansards DIR] [--output CSV]

Everything but the sweeps runs on one core, in an empty folder that is removed afterwards. DIR holds the files of a
corpus.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from attnbench import data
from attnbench.results import RunFolder, read_json
from experiments import rows
from experiments.configured import run_config
from experiments.overhead.programs import programs
from experiments.overhead.start import start
from experiments.overhead.sweeps import sweeps
from experiments.overhead.worker import SECONDS_FILE

_TRAINING = ("attention=dot", "training.epochs=6")
_GRID = ("attention=dot,general,bahdanau,uniform,none_input,none", "hidden_size=32,64,96,128,160,192,224,256,288,320")
_REPEATS = 5
_CORPORA = {"multi30k": ("+experiments=multi30k",), "hansards": ("data=hansards",)}
_COLUMNS = {"what": "<62", "measured": "", "wanted": ""}


def main(words: Sequence[str]) -> None:
    """Measures one after another and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m experiments.overhead", description=__doc__)
    for name in _CORPORA:
        parser.add_argument(f"--{name}", metavar="DIR", type=Path, help="folder with its files")
    parser.add_argument("--output", type=Path, help="CSV file to write")
    arguments = parser.parse_args(words)
    cores = os.sched_getaffinity(0)
    found = []
    checkout = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        found += sweeps(Path(folder), checkout)
    os.sched_setaffinity(0, {max(cores)})
    with tempfile.TemporaryDirectory() as folder:
        found += _bookkeeping(Path(folder), checkout)
        found.append(_plan(Path(folder), checkout))
    with tempfile.TemporaryDirectory() as folder:
        found += programs(Path(folder), checkout)
    for name in _CORPORA:
        root = getattr(arguments, name)
        found += [] if root is None else _data(name, root)
    rows.report((dict(zip(_COLUMNS, row, strict=True)) for row in found), _COLUMNS, arguments.output)


def _bookkeeping(folder: Path, checkout: Path) -> list[tuple[str, str, str]]:
    """A whole run in which every optimiser step is timed, its parent watched from outside; the first epoch left out."""
    parent = start(["-m", "experiments.overhead.sweep", *_TRAINING], folder, checkout)
    process, marks, peak = psutil.Process(parent.pid), [], 0
    while parent.poll() is None:
        peak = max(peak, _peak_bytes(parent.pid))
        progress = [read_json(path) for path in folder.glob("runs/*/progress.json")]
        if progress and progress[0] and progress[0].get("phase") == "training" and progress[0]["epoch"] > 1:
            times = process.cpu_times()
            marks.append((time.monotonic(), times.user + times.system))
        time.sleep(0.1)
    (path,) = folder.glob(f"runs/*/{SECONDS_FILE}")
    if not RunFolder(path.parent).finished():
        raise RuntimeError("The measured run has failed; run the benchmark's training command by itself to see why.")
    seconds = read_json(path)
    between = 1 - seconds["steps"] / seconds["epochs"]
    beside = (marks[-1][1] - marks[0][1]) / (marks[-1][0] - marks[0][0])
    return [
        ("between optimiser steps, share of training time", f"{between:.2%}", ""),
        ("parent process (progress, MLflow), CPU share of training time", f"{beside:.2%}", ""),
        ("bookkeeping, both together", f"{between + beside:.2%}", "at most 3 %"),
        ("parent process of a run, peak", f"{peak / 1e6:.0f} MB", "under 400 MB"),
    ]


def _plan(folder: Path, checkout: Path) -> tuple[str, str, str]:
    """From the command to the plan of 60 runs, on the store that the run before has made."""
    seconds = []
    for _ in range(_REPEATS):
        began = time.monotonic()
        command = start(["-m", "attnbench", "-m", *_GRID, "dry_run=true"], folder, checkout)
        if command.wait() != 0:
            raise RuntimeError("The plan was refused; what it said is above.")
        seconds.append(time.monotonic() - began)
    median = sorted(seconds)[_REPEATS // 2]
    return "plan of 60 runs on an existing store", f"{median:.2f} s", "within 3 s"


def _data(name: str, root: Path) -> list[tuple[str, str, str]]:
    """A corpus to its first batch, the cache being filled, and what is padding in its batches."""
    config = run_config(*_CORPORA[name], f"data.root={root}")
    for _ in range(2):
        began = time.monotonic()
        dataset = data.load(config.data, sequence_length=config.sequence_length)
        plan = data.plan_batches(dataset.train, batch_size=config.training.batch_size, batch_by="sentences")
        plan.epoch(seed=1, epoch=0)[0]
        seconds = time.monotonic() - began
    return [
        (f"{name} from cache to its first batch", f"{seconds:.2f} s", "under 10 s"),
        (f"{name}: padding of target positions", f"{plan.padding_fraction:.1%}", "at most 6 %"),
        (f"{name}: shapes of batches", str(len(plan.shapes)), "at most 32"),
    ]


def _peak_bytes(process: int) -> int:
    """Linux's count of the greatest resident size so far; 0 once the process has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return 0
    sizes = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")]
    return sizes[0] if sizes else 0


if __name__ == "__main__":
    main(sys.argv[1:])
