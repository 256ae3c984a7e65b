"""The state of a training run: everything but the weights that a resumed run needs."""

from dataclasses import dataclass, field

from attnbench.measurement import Window


@dataclass
class TrainingState:
    """Changed in place by the trainer and saved with each checkpoint.

    Attributes:
        step: optimiser steps done.
        epoch: epochs done.
        position: batches done in the current epoch.
        loss_sum, loss_tokens: training loss since the last logged point, nats and tokens.
        best: the best value of the early-stopping metric so far.
        waited: evaluations since then.
        factor: see `Schedule.learning_rate`.
        ended: training is over; only testing remains.
        windows: timed windows so far.
        compile_seconds: time of compilation so far.
        peaks: largest `memory/*` values so far, bytes.
    """

    step: int = 0
    epoch: int = 0
    position: int = 0
    loss_sum: float = 0.0
    loss_tokens: float = 0.0
    best: float | None = None
    waited: int = 0
    factor: float = 1.0
    ended: bool = False
    windows: list[Window] = field(default_factory=list)
    compile_seconds: float = 0.0
    peaks: dict[str, float] = field(default_factory=dict)

    def improved(self, metric: str, value: float) -> bool:
        """Takes the newest value of the early-stopping metric; True where it is the best so far."""
        higher = metric.endswith("bleu")
        better = self.best is None or (value > self.best if higher else value < self.best)
        self.best, self.waited = (value, 0) if better else (self.best, self.waited + 1)
        return better
