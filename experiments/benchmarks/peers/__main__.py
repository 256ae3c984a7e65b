"""attnbench compared with the same model in PyTorch on batches of Multi30k, in turns on the same cores.

    python -m experiments.benchmarks.peers training --root DIR
    python -m experiments.benchmarks.peers greedy beam --root DIR --variants dot bahdanau
    python -m experiments.benchmarks.peers test_greedy test_beam --root DIR --runs runs/dot-... runs/bahdanau-...

A variant is a preset, with `+feeding` for input feeding. Decoding a fixed number of positions needs no trained weights;
the test set is decoded up to EOS with the weights of finished runs of the study multi30k. The speed-up over PyTorch is
its time ÷ ours: median of the turns, lowest and highest turn.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from attnbench import data
from attnbench.records import RunFolder
from experiments.benchmarks import rows
from experiments.benchmarks.configured import peer_overrides, run_config
from experiments.benchmarks.peers.job import LENGTH, Job
from experiments.benchmarks.peers.turns import SIDES, Opponents

_WORK = ("training", "greedy", "beam", "test_greedy", "test_beam")
_TEST_BATCH_SIZE, _TEST_SHAPES = 64, 6
_WORK_OF_RUNS = {"test_greedy", "test_beam"}
_VARIANTS = ("dot", "general", "none", "bahdanau", "dot+feeding", "general+feeding")
_COLUMNS = {
    "work": "",
    "variant": "",
    "precision": "",
    "threads": "",
    "speed_up": ".2f",
    "speed_up_low": ".2f",
    "speed_up_high": ".2f",
    "ours_ms": ".0f",
    "theirs_ms": ".0f",
    "target_tokens_per_second": ",.0f",
    "utilisation": ".2f",
    "same_hypotheses": ".1%",
}


def main(argv: Sequence[str]) -> None:
    """Prints a row as soon as it is measured and writes all of them at the end."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmarks.peers", description=__doc__)
    parser.add_argument("work", nargs="+", choices=_WORK)
    parser.add_argument("--root", required=True, help="folder with Multi30k's files")
    parser.add_argument("--variants", nargs="+", help="of training, greedy and beam; six by default")
    parser.add_argument("--runs", nargs="+", default=(), type=Path, help="folders of finished runs, for test_*")
    parser.add_argument("--precision", nargs="+", default=("float32",), choices=("float32", "mixed_bfloat16"))
    parser.add_argument("--threads", nargs="+", default=(1,), type=int)
    parser.add_argument("--backend", default="tensorflow")
    parser.add_argument("--device", default="cpu", choices=("cpu", "gpu"))
    parser.add_argument("--batches", default=8, type=int, help="batches of a turn")
    parser.add_argument("--turns", default=7, type=int)
    parser.add_argument("--output", type=Path, help="CSV file to write")
    arguments = parser.parse_args(argv)
    problem = _problem(arguments)
    if problem:
        parser.error(problem)
    arguments.variants = arguments.variants or _VARIANTS
    rows.report(_rows(arguments), _COLUMNS, arguments.output)


def _problem(arguments: argparse.Namespace) -> str:
    """Says which options cannot be combined; empty where all can."""
    of_runs = _WORK_OF_RUNS.intersection(arguments.work)
    if of_runs and (not arguments.runs or of_runs != set(arguments.work)):
        return "test_greedy and test_beam cannot be combined with other work, and need --runs."
    if arguments.runs and not of_runs:
        return f"--runs is for test_greedy and test_beam. Leave it out for {' and '.join(arguments.work)}."
    if arguments.runs and arguments.variants:
        return "--variants and --runs cannot be combined: a run has its own variant. Leave out one of them."
    return ""


def _rows(arguments: argparse.Namespace) -> Iterator[rows.Row]:
    for threads in arguments.threads:
        for precision in arguments.precision:
            for variant in arguments.runs or arguments.variants:
                make = _job_of_run if arguments.runs else _job
                job = make(arguments, variant, precision, threads)
                cores = sorted(os.sched_getaffinity(0))[-threads:]
                with Opponents(job, cores) as opponents:
                    for work in arguments.work:
                        attention = job.config.attention
                        name = attention.name + ("+feeding" if attention.input_feeding else "")
                        head = {"work": work, "variant": name, "precision": precision, "threads": threads}
                        yield head | _measure(opponents, job, work, arguments.turns)


def _job(arguments: argparse.Namespace, variant: str, precision: str, threads: int) -> Job:
    config = run_config(
        *peer_overrides(variant, root=arguments.root, precision=precision, threads=threads),
        f"backend={arguments.backend}",
        f"device={arguments.device}",
    )
    dataset = data.load(config.data, sequence_length=config.sequence_length)
    plan = data.plan_batches(dataset.train, batch_size=config.training.batch_size, batch_by="sentences")
    batches = [(batch.source, batch.target) for batch in plan.epoch(seed=1, epoch=0)[: arguments.batches]]
    return Job(config, batches, dataset.source_vocabulary.size, dataset.target_vocabulary.size)


def _job_of_run(arguments: argparse.Namespace, path: Path, precision: Any, threads: int) -> Job:
    """The test set, and the weights of the run in `path`."""
    folder = RunFolder(path)
    saved = folder.config.required()
    config = replace(
        saved,
        precision=precision,
        threads=threads,
        backend=arguments.backend,
        device=arguments.device,
        data=replace(saved.data, root=arguments.root),
    )
    dataset = data.load(config.data, sequence_length=config.sequence_length)
    test = data.source_batches(dataset.test.source, batch_size=_TEST_BATCH_SIZE, maximum_shapes=_TEST_SHAPES)
    batches = [(batch.source, np.zeros((len(batch.source), 0), np.int32)) for batch in test]
    vocabularies = dataset.source_vocabulary.size, dataset.target_vocabulary.size
    return Job(config, batches, *vocabularies, weights=folder.best_checkpoint.path)


def _measure(opponents: Opponents, job: Job, work: str, turns: int) -> rows.Row:
    numbers, same = list(range(len(job.batches))), float("nan")
    if work in _WORK_OF_RUNS:
        tokens, same = _hypotheses(opponents, work, numbers)
    elif work == "training":
        tokens = sum(int(np.count_nonzero(target)) for _, target in job.batches)
    else:
        tokens = sum(LENGTH * len(source) for source, _ in job.batches)
        for side in SIDES:
            opponents.ask(side, "never_end")
    times = opponents.times(work, numbers, turns)
    speed_ups = [turn["theirs"] / turn["ours"] for turn in times]
    ours = median(turn["ours"] for turn in times)
    return {
        "speed_up": median(speed_ups),
        "speed_up_low": min(speed_ups),
        "speed_up_high": max(speed_ups),
        "ours_ms": 1000 * ours / len(numbers),
        "theirs_ms": 1000 * median(turn["theirs"] for turn in times) / len(numbers),
        "target_tokens_per_second": tokens / ours,
        "utilisation": opponents.ask("ours", "utilisation", ours, numbers) if work == "training" else float("nan"),
        "same_hypotheses": same,
    }


def _hypotheses(opponents: Opponents, work: str, numbers: list[int]) -> tuple[int, float]:
    """Tokens of our hypotheses, and the share of sentences for which both sides have the same hypothesis."""
    tokens, equal = 0, []
    for number in numbers:
        ours, theirs = (opponents.ask(side, work, number) for side in SIDES)
        width = min(ours.shape[1], theirs.shape[1])
        same = (ours[:, :width] == theirs[:, :width]).all(1) & ~ours[:, width:].any(1) & ~theirs[:, width:].any(1)
        equal += same[ours.any(1)].tolist()
        tokens += int(np.count_nonzero(ours))
    return tokens, sum(equal) / len(equal)


if __name__ == "__main__":
    main(sys.argv[1:])
