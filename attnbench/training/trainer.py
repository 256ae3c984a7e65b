"""The training loop of one run."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from keras import ops

from attnbench import backend
from attnbench.measurement import Memory, StepClock
from attnbench.model import Seq2Seq
from attnbench.records import Progress, RunFailure, Stopped
from attnbench.records.status import Reason
from attnbench.training import checkpoint
from attnbench.training.schedule import learning_rate
from attnbench.training.state import TrainingState
from attnbench.training.step import optimiser_step

LOGGED_STEPS = 20


class NonFiniteLossError(RunFailure):
    """The training loss became infinite or not a number."""


class Batches(Protocol):
    """What the trainer asks of a plan of batches."""

    def epoch(self, *, seed: int, epoch: int) -> Sequence[Any]:
        """The batches of one epoch, each with `source` and `target` ids."""


class Observer(Protocol):
    """Who is told how training goes."""

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """Points of histories at an optimiser step."""

    def progress(self, progress: Progress) -> None:
        """Where training is just now; may be called at every step."""

    def should_stop(self) -> bool:
        """Whether training has to end now."""


class Trainer:
    """Trains a model, and goes on from a checkpoint as if it had never stopped.

    Args:
        model: built.
        batches: the training data, by epoch.
        evaluate: computes the validation metrics, `valid/loss` and `valid/bleu`.
        last: checkpoint from which a stopped run resumes.
        best: checkpoint of the best weights so far.
        seed: of batch order and dropout.
        options: the fields of the `training` configuration group, by name.
        observer: see `Observer`.
        memory: made before the model was built.
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
        options: Any,
        observer: Observer,
        memory: Memory,
    ) -> None:
        self._model, self._batches, self._evaluate = model, batches, evaluate
        self._last, self._best = last, best
        self._seed, self._options, self._observer = seed, options, observer
        self.optimizer, self._step = optimiser_step(model, options)
        self.memory = memory
        self._adopt(TrainingState())
        self._pending: list[tuple[int, Any, int]] = []
        self._saved = time.monotonic()

    def _adopt(self, state: TrainingState) -> None:
        """Takes a state; what is measured from now on is added to what it holds."""
        self.state = state
        self.clock = StepClock(state.windows, compiled=state.compile_seconds)
        self.memory.peaks = state.peaks

    @property
    def _variables(self) -> dict[str, Any]:
        return {"model": self._model.variables, "optimizer": self.optimizer.variables}

    def resume(self) -> bool:
        """Resumes from the last checkpoint where there is one; True then."""
        path = self._last
        if not path.exists():
            return False
        state = checkpoint.load(path, self._variables)
        if state is None:
            raise checkpoint.CheckpointError(
                f"The checkpoint {path.name} holds no state of training. Start this run afresh with rerun=all."
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
            NonFiniteLossError: the loss is no longer a number.
            Stopped: the observer asked for it; a checkpoint has been saved.
        """
        state = self.state
        while not state.ended:
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
        state, options = self.state, self._options
        rate = learning_rate(
            options.schedule,
            state.step,
            base=options.learning_rate,
            warmup_steps=options.warmup_steps,
            total_steps=self._total_steps,
            factor=state.factor,
        )
        self.clock.ask()
        batch = batches[state.position]
        tokens = int(np.count_nonzero(batch.target))
        key = np.array([self._seed, state.step], np.int32)
        parts = np.float32(rate), batch.source, batch.target, key
        loss = self._step(*(ops.convert_to_tensor(part) for part in parts))
        state.step += 1
        self._pending.append((state.step, loss, tokens))
        state.position += 1
        if state.step % LOGGED_STEPS == 0:
            self._drain()
            self._log_loss()
        self.clock.step((batch.source.shape, batch.target.shape), tokens)

    def _drain(self) -> None:
        """Reads the losses of the steps under way, in order."""
        for step, loss, tokens in self._pending:
            value = float(backend.read(loss))
            if not np.isfinite(value):
                raise NonFiniteLossError(
                    f"The training loss is {value} at optimiser step {step}. "
                    "Lower training.learning_rate, or set training.clip_norm.",
                    Reason.NON_FINITE_LOSS,
                )
            self.state.loss_sum += value
            self.state.loss_tokens += tokens
        self._pending.clear()

    def _log_loss(self) -> None:
        state = self.state
        self._last_loss = state.loss_sum / state.loss_tokens
        state.loss_sum = state.loss_tokens = 0.0
        self._observer.metrics(state.step, {"train/loss": self._last_loss})

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
        state, rate = self.state, self.clock.tokens_per_second
        seconds = sum(window[0] for window in self.clock.windows)
        steps = sum(window[1] for window in self.clock.windows)
        left = (self._total_steps - state.step) * seconds / steps if steps else None
        self._observer.progress(
            Progress(
                phase=phase,
                epoch=min(state.epoch + 1, self._options.epochs),
                epochs=self._options.epochs,
                step=state.step,
                steps=self._total_steps,
                loss=getattr(self, "_last_loss", None),
                target_tokens_per_second=rate,
                seconds_left=left,
            )
        )

    def _validate(self) -> None:
        state, options = self.state, self._options
        self._show("validation")
        values = self._evaluate()
        self._observer.metrics(state.step, values)
        metric = options.early_stopping.metric
        if state.improved(metric, values[metric]):
            checkpoint.save(self._best, {"model": self._model.variables})
        elif options.schedule == "plateau":
            state.factor *= options.decay_factor
        patience = options.early_stopping.patience
        state.ended = state.epoch >= options.epochs or (patience is not None and state.waited >= patience)
        self.save()
        self.clock.drop()
        if self._observer.should_stop():
            raise Stopped
