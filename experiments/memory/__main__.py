"""What additive attention costs in memory beside dot, and in time because it repeats what it does not keep.

    python -m experiments.memory [--parts peak growth recomputing] [--output FILE]

peak: greatest memory of a training step, and how much more it is than dot's; the limit is 8 arrays (batch, source,
units) and one (batch, target, source). growth: bytes for each further target position between neighbouring lengths;
equal figures mean linear growth. recomputing: time of a training step whose backward pass repeats tanh(W1 q + W2 k),
its product with v and the softmax ÷ time with the same loop storing the tanh, or all three, median and range of the
turns; the limit is 1.1.

`bahdanau` is the preset; `additive` differs from dot in the score alone, for it has dot's query time. The vocabulary is
small, so that attention and not the output layer decides the peak. `allocated` is `memory/train_peak_bytes`, `resident`
is `memory/train_peak_resident_bytes`: it counts small arrays too, and what has been freed but not given back. Each peak
is measured in a process of its own.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

from experiments import rows
from experiments.memory.alone import alone
from experiments.memory.job import JOBS, UNITS, Job, Size

_PEAK = Size(batch=32, source=512, target=512)
_GROWTH = [Size(batch=8, source=512, target=target) for target in (128, 256, 512, 1024)]
_RECOMPUTING = [Size(batch=8, source=length, target=length) for length in (64, 128)]
_TURNS = 9
_COLUMNS = {
    "part": "",
    "variant": "",
    "batch": "",
    "source": "",
    "target": "",
    "quantity": ">28",
    "value": ",",
    "low": ",",
    "high": ",",
    "limit": ",",
}


def main(words: Sequence[str]) -> None:
    """Prints a row as soon as it is measured and writes all of them at the end."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.memory", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=_PARTS, default=list(_PARTS), metavar="PART")
    parser.add_argument("--output", type=Path, metavar="FILE", help="CSV file to write")
    arguments = parser.parse_args(words)
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    measured = ({"part": part} | row for part in arguments.parts for row in _PARTS[part]())
    rows.report(measured, _COLUMNS, arguments.output)


def _row(job: Job, quantity: str, value: float, **more: float) -> rows.Row:
    return {"variant": job.variant, **job.size._asdict(), "quantity": quantity, "value": value, **more}


def _peak() -> Iterator[rows.Row]:
    limit = 4 * _PEAK.batch * (8 * _PEAK.source * UNITS + _PEAK.target * _PEAK.source)
    dot: dict[str, int] = {}
    for variant in JOBS:
        job = Job(variant, _PEAK)
        peaks = alone("peaks", job)
        for kind, value in peaks.items():
            yield _row(job, f"{kind} bytes", value)
        for kind, value in peaks.items() if dot else ():
            yield _row(job, f"{kind} bytes less dot's", value - dot[kind], limit=limit)
        dot = dot or peaks


def _growth() -> Iterator[rows.Row]:
    for variant in JOBS:
        measured = [(size.target, alone("peaks", Job(variant, size))) for size in _GROWTH]
        for (shorter, before), (longer, after) in pairwise(measured):
            job = Job(variant, Size(_GROWTH[0].batch, _GROWTH[0].source, longer))
            for kind in after:
                value = round((after[kind] - before[kind]) / (longer - shorter))
                yield _row(job, f"{kind} bytes a position", value)


def _recomputing() -> Iterator[rows.Row]:
    for variant in ("additive", "bahdanau"):
        for size in _RECOMPUTING:
            job = Job(variant, size)
            ours, tanh, attention = zip(*alone("seconds", job, _TURNS), strict=True)
            yield _row(job, "ours, ms", round(1000 * median(ours), 1))
            for what, stored in (("tanh", tanh), ("attention", attention)):
                yield _row(job, f"{what} stored, ms", round(1000 * median(stored), 1))
                ratios = [round(mine / other, 3) for mine, other in zip(ours, stored, strict=True)]
                span = {"low": min(ratios), "high": max(ratios), "limit": 1.1}
                yield _row(job, f"ours ÷ {what} stored", median(ratios), **span)


_PARTS: dict[str, Callable[[], Iterator[rows.Row]]] = {"peak": _peak, "growth": _growth, "recomputing": _recomputing}


if __name__ == "__main__":
    main(sys.argv[1:])
