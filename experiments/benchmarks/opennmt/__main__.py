"""Training of attnbench compared with OpenNMT-py, on the same text and the same cores, in alternating turns.

    python -m experiments.benchmarks.opennmt --root DIR --python PYTHON
    python -m experiments.benchmarks.opennmt --root DIR --python PYTHON --variants dot --threads 1 2

PYTHON is the interpreter of an environment with OpenNMT-py. The speed-up is our target tokens per second ÷ those of
OpenNMT-py: median of the turns, lowest and highest turn. The precision is ours; OpenNMT-py computes in float32.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from attnbench import data
from experiments.benchmarks import rows
from experiments.benchmarks.configured import peer_overrides, run_config
from experiments.benchmarks.opennmt import text
from experiments.benchmarks.opennmt.options import training_arguments
from experiments.benchmarks.opennmt.sides import Side

VARIANTS = ("dot", "dot+feeding", "general", "general+feeding", "additive", "additive+feeding", "none")
_COLUMNS = {
    "variant": "",
    "precision": "",
    "threads": "",
    "speed_up": ".2f",
    "speed_up_low": ".2f",
    "speed_up_high": ".2f",
    "ours_tokens_per_second": ",.0f",
    "theirs_tokens_per_second": ",.0f",
}


def main(argv: Sequence[str]) -> None:
    """Prints a row as soon as it is measured and writes all of them at the end."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmarks.opennmt", description=__doc__)
    parser.add_argument("--root", required=True, help="folder with Multi30k's files")
    parser.add_argument("--python", required=True, help="Python of an environment with OpenNMT-py")
    parser.add_argument("--variants", nargs="+", default=VARIANTS, choices=VARIANTS)
    parser.add_argument("--precision", nargs="+", default=("float32",), choices=("float32", "mixed_bfloat16"))
    parser.add_argument("--threads", nargs="+", default=(1,), type=int)
    parser.add_argument("--steps", default=20, type=int, help="optimiser steps of a turn")
    parser.add_argument("--turns", default=5, type=int)
    parser.add_argument("--output", type=Path, help="CSV file to write")
    arguments = parser.parse_args(argv)
    rows.report(_rows(arguments), _COLUMNS, arguments.output)


def run_overrides(variant: str, *, root: str, precision: str, threads: int) -> list[str]:
    """The overrides of our side. OpenNMT-py computes the additive score at query time `current`; so does `additive`."""
    preset = variant.replace("additive", "bahdanau")
    overrides = peer_overrides(preset, root=root, precision=precision, threads=threads)
    return [*overrides, "attention.query_time=current", "device=cpu"]


def _rows(arguments: argparse.Namespace) -> Iterator[rows.Row]:
    cores = sorted(os.sched_getaffinity(0))
    for threads in arguments.threads:
        os.sched_setaffinity(0, cores[-threads:])
        for precision in arguments.precision:
            for variant in arguments.variants:
                overrides = run_overrides(variant, root=arguments.root, precision=precision, threads=threads)
                head = {"variant": variant, "precision": precision, "threads": threads}
                yield head | _measure(overrides, arguments)


def _measure(overrides: list[str], arguments: argparse.Namespace) -> rows.Row:
    config = run_config(*overrides)
    dataset = data.load(config.data, sequence_length=config.sequence_length)
    steps = str(arguments.steps)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        text.write(dataset, folder)
        options = training_arguments(config, folder, pairs=len(dataset.train), steps=arguments.steps)
        commands = {
            "ours": [sys.executable, "-m", "experiments.benchmarks.opennmt.ours", steps, *overrides],
            "theirs": [arguments.python, "-m", "experiments.benchmarks.opennmt.theirs", *options],
        }
        environment = os.environ | {
            "KERAS_BACKEND": config.backend,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "OMP_NUM_THREADS": str(config.threads),
        }
        sides = {
            side: stack.enter_context(Side(command, environment=environment, log=folder / f"{side}.log"))
            for side, command in commands.items()
        }
        turns = [_turn(sides, reverse=bool(number % 2)) for number in range(arguments.turns)]
    speed_ups = [turn["ours"] / turn["theirs"] for turn in turns]
    return {
        "speed_up": median(speed_ups),
        "speed_up_low": min(speed_ups),
        "speed_up_high": max(speed_ups),
        "ours_tokens_per_second": median(turn["ours"] for turn in turns),
        "theirs_tokens_per_second": median(turn["theirs"] for turn in turns),
    }


def _turn(sides: dict[str, Side], *, reverse: bool) -> dict[str, float]:
    """Target tokens per second of each side, one after the other."""
    return {side: sides[side].tokens_per_second() for side in sorted(sides, reverse=reverse)}


if __name__ == "__main__":
    main(sys.argv[1:])
