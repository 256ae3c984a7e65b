"""Memory of a training step with additive attention, compared with dot.

    python -m experiments.benchmarks.memory [--parts peak growth] [--output FILE]

peak: largest memory of a training step, and how much more that is than with dot. growth: bytes for each further target
position between neighbouring lengths; equal figures mean linear growth.

`bahdanau` is the preset; `additive` has the query time of dot and so differs from it in the score alone. The vocabulary
is small, so that attention and not the output layer decides the peak. `allocated` is `memory/train_peak_bytes`,
`resident` is `memory/train_peak_resident_bytes`: it counts small arrays too, and memory that has been freed but not
returned. Each peak is measured in a process of its own.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from experiments.benchmarks import rows
from experiments.benchmarks.memory.alone import alone
from experiments.benchmarks.memory.job import JOBS, Job, Size

_PEAK = Size(batch=32, source=512, target=512)
_GROWTH = [Size(batch=8, source=512, target=target) for target in (128, 256, 512, 1024)]
_COLUMNS = {"part": "", "variant": "", "batch": "", "source": "", "target": "", "quantity": ">28", "bytes": ","}


def main(argv: Sequence[str]) -> None:
    """Prints a row as soon as it is measured and writes all of them at the end."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.benchmarks.memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--parts", nargs="+", choices=_PARTS, default=list(_PARTS), metavar="PART")
    parser.add_argument("--output", type=Path, metavar="FILE", help="CSV file to write")
    arguments = parser.parse_args(argv)
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    measured = ({"part": part} | row for part in arguments.parts for row in _PARTS[part]())
    rows.report(measured, _COLUMNS, arguments.output)


def _row(job: Job, quantity: str, value: int) -> rows.Row:
    return {"variant": job.variant, **job.size._asdict(), "quantity": quantity, "bytes": value}


def _peak() -> Iterator[rows.Row]:
    dot: dict[str, int] = {}
    for variant in JOBS:
        job = Job(variant, _PEAK)
        peaks = alone(job)
        for kind, value in peaks.items():
            yield _row(job, kind, value)
        for kind, value in peaks.items() if dot else ():
            yield _row(job, f"{kind}, more than dot", value - dot[kind])
        dot = dot or peaks


def _growth() -> Iterator[rows.Row]:
    for variant in JOBS:
        measured = [(size.target, alone(Job(variant, size))) for size in _GROWTH]
        for (shorter, before), (longer, after) in pairwise(measured):
            job = Job(variant, Size(_GROWTH[0].batch, _GROWTH[0].source, longer))
            for kind in after:
                value = round((after[kind] - before[kind]) / (longer - shorter))
                yield _row(job, f"{kind}, each target position", value)


_PARTS: dict[str, Callable[[], Iterator[rows.Row]]] = {"peak": _peak, "growth": _growth}


if __name__ == "__main__":
    main(sys.argv[1:])
