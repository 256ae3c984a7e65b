"""Training one model: steps, schedule, early stopping, checkpoints."""

from attnbench.training.step import optimiser_step
from attnbench.training.trainer import Trainer

__all__ = ["Trainer", "optimiser_step"]
