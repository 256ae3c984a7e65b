"""One training step on a synthetic batch, measured."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from attnbench import backend
from attnbench.measurement import Memory
from attnbench.training import optimiser_step
from attnbench.worker.build import build_model, set_up
from experiments.configured import run_config
from experiments.memory.job import JOBS, UNITS, Job
from experiments.memory.stored import STORED, storing

_VOCABULARY, _FIRST_WORD = 64, 4


def peaks(job: Job) -> dict[str, int]:
    """Greatest memory of the second step, in bytes by kind; the first builds the graph."""
    memory = Memory()
    (step,) = _steps(job, 1)
    step()
    memory.begin()
    step()
    memory.end()
    return {
        "allocated": int(memory.peaks["memory/train_peak_bytes"]),
        "resident": int(memory.peaks["memory/train_peak_resident_bytes"]),
    }


def seconds(job: Job, turns: int) -> list[tuple[float, ...]]:
    """Seconds of a step with the package's loop and with each of the storing ones, in turns of alternating order."""
    steps = _steps(job, 1 + len(STORED))
    steps[0]()  # the first call builds the graph
    for what, step in zip(STORED, steps[1:], strict=True):
        with storing(what):
            step()
    found = []
    for turn in range(turns):
        times = {step: _seconds(step) for step in (steps if turn % 2 else reversed(steps))}
        found.append(tuple(times[step] for step in steps))
    return found


def _steps(job: Job, count: int) -> list[Callable[[], Any]]:
    """`count` training steps of one model, each a graph of its own, on one core."""
    config = run_config(*JOBS[job.variant], f"hidden_size={UNITS}", "device=cpu", "threads=1")
    set_up(config)
    model = build_model(config, source_vocabulary=_VOCABULARY, target_vocabulary=_VOCABULARY)
    generator = np.random.default_rng(0)
    shapes = (job.size.batch, job.size.source), (job.size.batch, job.size.target)
    pair = [generator.integers(_FIRST_WORD, _VOCABULARY, shape, np.int32) for shape in shapes]
    rate, key = np.float32(config.training.learning_rate), np.zeros(2, np.int32)
    tensors = [ops.convert_to_tensor(x) for x in (rate, *pair, key)]

    def bound(step: Callable[..., Any]) -> Callable[[], Any]:
        return lambda: backend.read(step(*tensors))

    return [bound(optimiser_step(model, config.training)[1]) for _ in range(count)]


def _seconds(step: Callable[[], Any]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began
