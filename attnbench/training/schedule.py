"""Learning rates by optimiser step; the table at the end names the schedules."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """A linear warm-up to `base` over `warmup_steps` steps, then `base`; the base class of all schedules.

    A schedule defines `_relative`, its learning rate ÷ `base` after the warm-up, or `reduced`.
    """

    base: float
    warmup_steps: int
    decay_factor: float

    def learning_rate(self, step: int, *, total_steps: int, factor: float) -> float:
        """The learning rate of optimiser step `step`, counted from 0; `factor` is 1, then what `reduced` returned."""
        if step < self.warmup_steps:
            return self.base * (step + 1) / self.warmup_steps
        done = (step - self.warmup_steps) / max(1, total_steps - self.warmup_steps)
        return self.base * self._relative(step, done) * factor

    def _relative(self, step: int, done: float) -> float:
        """From the step, and the fraction of the steps after the warm-up that are done."""
        return 1.0

    def reduced(self, factor: float) -> float:
        """The new `factor` after an evaluation without improvement."""
        return factor


class Linear(Schedule):
    """Down to 0 at the last step."""

    def _relative(self, step: int, done: float) -> float:
        return max(0.0, 1 - done)


class Cosine(Schedule):
    """Half a cosine down to 0 at the last step (Loshchilov and Hutter 2017)."""

    def _relative(self, step: int, done: float) -> float:
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


class InverseSquareRoot(Schedule):
    """√(warm-up steps / step) (Vaswani et al. 2017)."""

    def _relative(self, step: int, done: float) -> float:
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
