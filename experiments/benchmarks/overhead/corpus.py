"""What it takes to turn a corpus into batches, and how much of them is padding."""

import time
from collections.abc import Iterator
from pathlib import Path

from attnbench import data
from experiments.benchmarks.configured import run_config
from experiments.benchmarks.rows import Row


def corpus(name: str, override: str, root: Path) -> Iterator[Row]:
    """Loads the corpus twice: the first time fills the cache, the second is measured.

    Args:
        name: of the corpus.
        override: of the command line, selects the corpus.
        root: folder with its files.
    """
    config = run_config(override, f"data.root={root}")
    for _ in range(2):
        start = time.monotonic()
        dataset = data.load(config.data, sequence_length=config.sequence_length)
        plan = data.plan_batches(dataset.train, batch_size=config.training.batch_size, batch_by="sentences")
        plan.epoch(seed=1, epoch=0)[0]
        seconds = time.monotonic() - start
    yield {"what": f"{name}: from the cache to the first batch", "value": round(seconds, 2), "unit": "s"}
    padding = round(100 * plan.padding_fraction, 1)
    yield {"what": f"{name}: padding, share of target positions", "value": padding, "unit": "%"}
    yield {"what": f"{name}: shapes of batches", "value": len(plan.shapes)}
