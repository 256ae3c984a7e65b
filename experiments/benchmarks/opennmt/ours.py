"""The side of attnbench: batches, model and trainer of a run, which waits after each turn of STEPS timed steps.

    python -m experiments.benchmarks.opennmt.ours STEPS OVERRIDES

OVERRIDES are those of `python -m attnbench`. A turn ends with a window of the trainer, which lasts at least 1 s.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attnbench import data
from attnbench.measurement import MemoryPeaks, StepClock
from attnbench.training import Trainer
from attnbench.worker.build import build_model, set_up
from experiments.benchmarks.configured import run_config
from experiments.benchmarks.opennmt.turn import Turn


class Warmed:
    """A plan of batches whose first epoch has one batch of each shape, so that no later window compiles."""

    def __init__(self, plan: data.BatchPlan) -> None:
        self._plan = plan

    def epoch(self, *, seed: int, epoch: int) -> Sequence[data.Batch]:
        """See `BatchPlan`."""
        batches = self._plan.epoch(seed=seed, epoch=epoch)
        if epoch:
            return batches
        return list({(*batch.source.shape, *batch.target.shape): batch for batch in batches}.values())


class _Observer:
    """Ends a turn with the first window in which `steps` have been timed."""

    def __init__(self, steps: int) -> None:
        self._steps, self._turn = steps, Turn()
        self.clock: StepClock

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """Not needed here."""

    def progress(self, progress: Any) -> None:
        """Called at the end of each window."""
        windows = self.clock.windows
        if sum(window.steps for window in windows) >= self._steps:
            seconds, tokens = sum(each.seconds for each in windows), sum(each.target_tokens for each in windows)
            windows.clear()
            self._turn.end(seconds=seconds, target_tokens=tokens)

    def should_stop(self) -> bool:
        """Never: the process is ended between two turns."""
        return False


def main(steps: int, overrides: Sequence[str]) -> None:
    """Trains until the benchmark requests no further turn."""
    observer = _Observer(steps)
    config = run_config(*overrides)
    set_up(config)
    dataset = data.load(config.data, sequence_length=config.sequence_length)
    memory = MemoryPeaks()
    sizes = {"source_vocabulary": dataset.source_vocabulary.size, "target_vocabulary": dataset.target_vocabulary.size}
    model = build_model(config, **sizes)
    options = config.training
    plan = data.plan_batches(dataset.train, batch_size=options.batch_size, batch_by=options.batch_by)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model,
            Warmed(plan),
            lambda: {"valid/bleu": 0.0, "valid/loss": 0.0},
            last=Path(folder) / "last.npz",
            best=Path(folder) / "best.npz",
            seed=config.seed,
            options=options,
            observer=observer,
            memory=memory,
        )
        observer.clock = trainer.clock
        trainer.run()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
