"""One training step on a synthetic batch, measured."""

import numpy as np
from keras import ops

from attnbench import backend
from attnbench.measurement import MemoryPeaks
from attnbench.training import optimiser_step
from attnbench.worker.build import build_model, set_up
from experiments.benchmarks.configured import run_config
from experiments.benchmarks.memory.job import JOBS, UNITS, Job

_VOCABULARY, _FIRST_WORD = 64, 4


def peaks(job: Job) -> dict[str, int]:
    """Largest memory of the second training step on one core, in bytes by kind; the first builds the graph."""
    memory = MemoryPeaks()
    config = run_config(*JOBS[job.variant], f"hidden_size={UNITS}", "device=cpu", "threads=1")
    set_up(config)
    model = build_model(config, source_vocabulary=_VOCABULARY, target_vocabulary=_VOCABULARY)
    generator = np.random.default_rng(0)
    shapes = (job.size.batch, job.size.source), (job.size.batch, job.size.target)
    pair = [generator.integers(_FIRST_WORD, _VOCABULARY, shape, np.int32) for shape in shapes]
    rate, key = np.float32(config.training.learning_rate), np.zeros(2, np.int32)
    tensors = [ops.convert_to_tensor(x) for x in (rate, *pair, key)]
    _, step = optimiser_step(model, config.training)
    backend.read(step(*tensors))
    memory.begin()
    backend.read(step(*tensors))
    memory.end()
    return {
        "allocated": int(memory.peaks["memory/train_peak_bytes"]),
        "resident": int(memory.peaks["memory/train_peak_resident_bytes"]),
    }
