"""How long a command takes to plan a sweep."""

import time
from pathlib import Path
from statistics import median

from experiments.benchmarks.overhead.start import finish
from experiments.benchmarks.rows import Row

_GRID = ("attention=dot,general,bahdanau,uniform,none_input,none", "hidden_size=32,64,96,128,160,192,224,256,288,320")
_REPEATS = 5


def plan(folder: Path, checkout: Path) -> Row:
    """From the command to the plan of 60 runs, in a folder whose store exists already."""
    seconds = []
    for _ in range(_REPEATS):
        start = time.monotonic()
        finish(["-m", *_GRID, "dry_run=true"], folder, checkout)
        seconds.append(time.monotonic() - start)
    return {"what": "plan of 60 runs with an existing store", "value": round(median(seconds), 2), "unit": "s"}
