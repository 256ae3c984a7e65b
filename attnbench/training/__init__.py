"""Training one model: steps, schedule, early stopping, checkpoints."""

from attnbench.training.checkpoint import CheckpointError, TrainingState
from attnbench.training.step import optimiser_step
from attnbench.training.trainer import NonFiniteLossError, Trainer

__all__ = ["CheckpointError", "NonFiniteLossError", "Trainer", "TrainingState", "optimiser_step"]
