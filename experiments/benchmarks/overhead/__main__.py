"""What the harness itself costs: start of a run, sweeps, parent process, plan, compiled programs, input data.

    python -m experiments.benchmarks.overhead [--multi30k DIR] [--hansards DIR] [--output FILE]

Everything but the sweeps runs on one core, in an empty folder that is removed afterwards. DIR holds the files of a
corpus.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from experiments.benchmarks import rows
from experiments.benchmarks.overhead.corpus import corpus
from experiments.benchmarks.overhead.parent import parent
from experiments.benchmarks.overhead.plan import plan
from experiments.benchmarks.overhead.programs import programs
from experiments.benchmarks.overhead.sweeps import sweeps

_CORPORA = {"multi30k": "+experiments=multi30k", "hansards": "data=hansards"}
_COLUMNS = {"what": "<62", "value": "", "unit": ""}


def main(argv: Sequence[str]) -> None:
    """Prints a row as soon as it is measured and writes all of them at the end."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmarks.overhead", description=__doc__)
    for name in _CORPORA:
        parser.add_argument(f"--{name}", metavar="DIR", type=Path, help="folder with its files")
    parser.add_argument("--output", type=Path, metavar="FILE", help="CSV file to write")
    arguments = parser.parse_args(argv)
    roots = {name: root for name in _CORPORA if (root := getattr(arguments, name)) is not None}
    rows.report(_rows(roots), _COLUMNS, arguments.output)


def _rows(roots: dict[str, Path]) -> Iterator[rows.Row]:
    """Every measurement; `roots` has the folders of corpora by name."""
    checkout, cores = Path.cwd(), os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder:
        yield from sweeps(Path(folder), checkout)
    os.sched_setaffinity(0, {max(cores)})
    with tempfile.TemporaryDirectory() as folder:
        yield from parent(Path(folder), checkout)
        yield plan(Path(folder), checkout)
    with tempfile.TemporaryDirectory() as folder:
        yield programs(Path(folder), checkout)
    for name, root in roots.items():
        yield from corpus(name, _CORPORA[name], root)


if __name__ == "__main__":
    main(sys.argv[1:])
