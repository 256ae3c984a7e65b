"""The parent process of a run: its share of a processor while the run trains, and its memory."""

import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from attnbench.records import RunFolder
from experiments.benchmarks.overhead.start import start
from experiments.benchmarks.rows import Row

_RUN = ("attention=dot", "training.epochs=6")
_POLL_SECONDS = 0.1


def parent(folder: Path, checkout: Path) -> Iterator[Row]:
    """Watches the parent of a whole run from outside. The first epoch, which compiles, is left out."""
    command = start(_RUN, folder, checkout)
    process = psutil.Process(command.pid)
    samples, peak_bytes = [], 0
    while command.poll() is None:
        peak_bytes = max(peak_bytes, _peak_bytes(command.pid))
        if any(_in_a_later_epoch(path) for path in folder.glob("runs/*")):
            times = process.cpu_times()
            samples.append((time.monotonic(), times.user + times.system))
        time.sleep(_POLL_SECONDS)
    if not any(RunFolder(path).finished() for path in folder.glob("runs/*")):
        raise RuntimeError(f"The measured run has failed. Run python -m attnbench {' '.join(_RUN)} to see why.")
    (start_seconds, start_cpu), (end_seconds, end_cpu) = samples[0], samples[-1]
    share = (end_cpu - start_cpu) / (end_seconds - start_seconds)
    what = "parent process of a run (progress, MLflow)"
    yield {"what": f"{what}: processor time ÷ training time", "value": round(100 * share, 2), "unit": "%"}
    yield {"what": f"{what}: largest resident size", "value": round(peak_bytes / 2**20), "unit": "MiB"}


def _in_a_later_epoch(path: Path) -> bool:
    """Whether the run in the folder `path` trains and has finished an epoch."""
    progress = RunFolder(path).progress.read()
    return progress is not None and progress.phase == "training" and (progress.epoch or 0) > 1


def _peak_bytes(process: int) -> int:
    """Linux's count of the largest resident size so far; 0 once the process has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return 0
    sizes = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")]
    return sizes[0] if sizes else 0
