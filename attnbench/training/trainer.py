"""The training loop of one run."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
from keras import ops

from attnbench import backend
from attnbench.config import TrainingConfig
from attnbench.measurement import MemoryPeaks, StepClock, Turnstile
from attnbench.model import Seq2Seq
from attnbench.records import Progress, RunFailure, Stopped
from attnbench.records.status import Reason
from attnbench.tensors import Tensor
from attnbench.training import checkpoint
from attnbench.training.checkpoint import TrainingState
from attnbench.training.schedule import SCHEDULES
from attnbench.training.step import optimiser_step

LOGGED_STEPS = 20


class Batches(Protocol):
    """What the trainer asks of a plan of batches."""

    def epoch(self, *, seed: int, epoch: int) -> Sequence[Any]:
        """The batches of one epoch: `source` (batch, source) and `target` (batch, target) ids, with EOS."""


class Observer(Protocol):
    """Receives the progress of training."""

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """Points of histories at an optimiser step."""

    def progress(self, progress: Progress) -> None:
        """Where training is now; may be called at every step."""

    def should_stop(self) -> bool:
        """Whether training has to end now."""


class Trainer:
    """Trains a model, and resumes from a checkpoint as if it had never stopped.

    Args:
        model: built.
        batches: the training data, by epoch.
        evaluate: computes the validation metrics, `valid/loss` and `valid/bleu`.
        last: checkpoint from which a stopped run resumes.
        best: checkpoint of the best weights so far.
        seed: of batch order and dropout.
        options: the `training` group of the configuration.
        observer: see `Observer`.
        memory: made before the model was built.
        turnstile: the run's; without one no window is quiet.
    """

    def __init__(
        self,
        model: Seq2Seq,
        batches: Batches,
        evaluate: Callable[[], dict[str, float]],
        *,
        last: Path,
        best: Path,
        seed: int,
        options: TrainingConfig,
        observer: Observer,
        memory: MemoryPeaks,
        turnstile: Turnstile | None = None,
    ) -> None:
        self._model, self._batches, self._evaluate = model, batches, evaluate
        self._last, self._best = last, best
        self._seed, self._options, self._observer = seed, options, observer
        self._schedule = SCHEDULES[options.schedule](options.learning_rate, options.warmup_steps, options.decay_factor)
        self.optimizer, self._step = optimiser_step(model, options)
        self.memory, self._turnstile = memory, turnstile
        self._adopt(TrainingState())
        self._pending: list[tuple[int, Tensor, int]] = []
        self._last_loss: float | None = None
        self._saved = time.monotonic()

    def _adopt(self, state: TrainingState) -> None:
        """Takes a state; what is measured from now on is added to what it holds."""
        self.state = state
        self.clock = StepClock(state.windows, compiled=state.compile_seconds, turnstile=self._turnstile)
        self.memory.peaks = state.peaks

    @property
    def _variables(self) -> dict[str, list[keras.Variable]]:
        return {"model": self._model.variables, "optimizer": self.optimizer.variables}

    def resume(self) -> bool:
        """Resumes from the last checkpoint where there is one; True then."""
        if not self._last.exists():
            return False
        state = checkpoint.load(self._last, self._variables)
        if state is None:
            raise ValueError(
                f"The checkpoint {self._last.name} has weights and no training state. Restart this run with rerun=all."
            )
        self._adopt(state)
        return True

    def save(self) -> None:
        """Writes the last checkpoint."""
        self.state.compile_seconds = self.clock.compile_seconds
        checkpoint.save(self._last, self._variables, self.state)
        self._saved = time.monotonic()

    def run(self) -> None:
        """Trains to the end and leaves the best weights in the model.

        Raises:
            RunFailure: the loss is no longer a finite number.
            Stopped: the observer asked for it; a checkpoint has been saved.
        """
        while not self.state.ended:
            self._train_epoch()
            self._validate()
        checkpoint.load(self._best, {"model": self._model.variables})

    def _train_epoch(self) -> None:
        state = self.state
        batches = self._batches.epoch(seed=self._seed, epoch=state.epoch)
        self._total_steps = len(batches) * self._options.epochs
        self.memory.begin()
        while state.position < len(batches):
            self._one_step(batches)
            if self._observer.should_stop():
                self._drain()
                self.save()
                raise Stopped
            if self.clock.full():
                self._close_window()
        self._close_window()
        state.epoch, state.position = state.epoch + 1, 0

    def _one_step(self, batches: Sequence[Any]) -> None:
        state = self.state
        rate = self._schedule.learning_rate(state.step, total_steps=self._total_steps, factor=state.factor)
        self.clock.ask()
        batch = batches[state.position]
        tokens = int(np.count_nonzero(batch.target))
        arrays = np.float32(rate), batch.source, batch.target, np.array([self._seed, state.step], np.int32)
        loss = self._step(*(ops.convert_to_tensor(array) for array in arrays))
        state.step += 1
        self._pending.append((state.step, loss, tokens))
        state.position += 1
        if state.step % LOGGED_STEPS == 0:
            self._drain()
            self._last_loss = state.loss_sum / state.loss_tokens
            state.loss_sum = state.loss_tokens = 0.0
            self._observer.metrics(state.step, {"train/loss": self._last_loss})
        self.clock.step((batch.source.shape, batch.target.shape), tokens)

    def _drain(self) -> None:
        """Waits for the losses of the steps that the device still computes, in order."""
        for step, loss, tokens in self._pending:
            value = float(backend.read(loss))
            if not np.isfinite(value):
                raise RunFailure(
                    f"The training loss is {value} at optimiser step {step}. "
                    "Lower training.learning_rate, or set training.clip_norm.",
                    Reason.NON_FINITE_LOSS,
                )
            self.state.loss_sum += value
            self.state.loss_tokens += tokens
        self._pending.clear()

    def _close_window(self) -> None:
        self._drain()
        if self.clock.close():
            self.memory.end()
        self._show("training")
        if time.monotonic() - self._saved >= self._options.checkpoint_seconds:
            self.save()
            self.clock.drop()
        self.memory.begin()

    def _show(self, phase: str) -> None:
        state, seconds_per_step = self.state, self.clock.seconds_per_step
        self._observer.progress(
            Progress(
                phase=phase,
                epoch=min(state.epoch + 1, self._options.epochs),
                epochs=self._options.epochs,
                step=state.step,
                steps=self._total_steps,
                loss=self._last_loss,
                target_tokens_per_second=self.clock.tokens_per_second,
                seconds_left=None if seconds_per_step is None else (self._total_steps - state.step) * seconds_per_step,
            )
        )

    def _validate(self) -> None:
        state, options = self.state, self._options
        self._show("validation")
        values = self._evaluate()
        self._observer.metrics(state.step, values)
        if state.improved(options.early_stopping.metric, values):
            checkpoint.save(self._best, {"model": self._model.variables})
        else:
            state.factor = self._schedule.reduced(state.factor)
        patience = options.early_stopping.patience
        state.ended = state.epoch >= options.epochs or (patience is not None and state.waited >= patience)
        self.save()
        self.clock.drop()
        if self._observer.should_stop():
            raise Stopped
