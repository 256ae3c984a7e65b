"""Learning rates by optimiser step; the table at the end names the schedules."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Base class, and the constant schedule: a linear warm-up, then `base`.

    Attributes:
        base: the learning rate after the warm-up.
        warmup_steps: optimiser steps in which it rises to `base`.
        decay_factor: by how much `plateau` reduces it.
    """

    base: float
    warmup_steps: int
    decay_factor: float

    def learning_rate(self, step: int, *, total_steps: int, factor: float) -> float:
        """The learning rate of an optimiser step.

        Args:
            step: counted from 0.
            total_steps: of the whole training.
            factor: 1, and what `reduced` has made of it since.
        """
        if step < self.warmup_steps:
            return self.base * (step + 1) / self.warmup_steps
        return self.base * self.relative(step, total_steps) * factor

    def relative(self, step: int, total_steps: int) -> float:
        """The learning rate ÷ `base` after the warm-up."""
        return 1.0

    def reduced(self, factor: float) -> float:
        """What an evaluation without improvement makes of `factor`."""
        return factor

    def progress(self, step: int, total_steps: int) -> float:
        """The fraction of the steps after the warm-up that come before `step`."""
        return (step - self.warmup_steps) / max(1, total_steps - self.warmup_steps)


class Linear(Schedule):
    """Down to 0 at the last step."""

    def relative(self, step: int, total_steps: int) -> float:
        """See `Schedule.relative`."""
        return max(0.0, 1 - self.progress(step, total_steps))


class Cosine(Schedule):
    """Half a cosine down to 0 at the last step (Loshchilov and Hutter 2017)."""

    def relative(self, step: int, total_steps: int) -> float:
        """See `Schedule.relative`."""
        return 0.5 * (1 + math.cos(math.pi * min(1.0, self.progress(step, total_steps))))


class InverseSquareRoot(Schedule):
    """√(warm-up steps / step) (Vaswani et al. 2017)."""

    def relative(self, step: int, total_steps: int) -> float:
        """See `Schedule.relative`."""
        return math.sqrt(max(1, self.warmup_steps) / max(1, step + 1, self.warmup_steps))


class Plateau(Schedule):
    """Times `decay_factor` at each evaluation without improvement."""

    def reduced(self, factor: float) -> float:
        """See `Schedule.reduced`."""
        return factor * self.decay_factor


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Schedule,
    "linear": Linear,
    "cosine": Cosine,
    "inverse_sqrt": InverseSquareRoot,
    "plateau": Plateau,
}
