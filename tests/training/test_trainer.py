"""The training loop on a model small enough to follow, stopped and resumed at any step."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from attnbench.measurement import MemoryPeaks
from attnbench.records import Progress, RunFailure, Stopped
from attnbench.training import Trainer
from tests.model.conftest import build_model

BATCHES = 5


class Reversal:
    """Five batches of symbols to be read backwards, another order each epoch."""

    def epoch(self, *, seed: int, epoch: int) -> list[Any]:
        generator = np.random.default_rng([seed, epoch])
        words = generator.integers(4, 17, (BATCHES, 3, 4), np.int32)
        ends = np.full((BATCHES, 3, 1), 2, np.int32)
        source, target = (np.concatenate([x, ends], axis=2) for x in (words, words[:, :, ::-1]))
        return [SimpleNamespace(source=s, target=t) for s, t in zip(source, target, strict=True)]


class Watcher:
    """Keeps the points of histories, and asks to stop after `steps` steps."""

    def __init__(self, steps: int | None = None) -> None:
        self.points: dict[tuple[int, str], float] = {}
        self._left = steps

    def metrics(self, step: int, values: dict[str, float]) -> None:
        self.points |= {(step, key): value for key, value in values.items()}

    def progress(self, progress: Progress) -> None:
        assert progress.phase in ("training", "validation")

    def should_stop(self) -> bool:
        if self._left is None:
            return False
        self._left -= 1
        return self._left <= 0


def _options(**changes: Any) -> Any:
    options = {
        "epochs": 5,
        "optimizer": "adam",
        "adam_epsilon": 1e-9,
        "learning_rate": 0.01,
        "schedule": "linear",
        "warmup_steps": 3,
        "decay_factor": 0.5,
        "clip_norm": 1.0,
        "label_smoothing": 0.1,
        "early_stopping": SimpleNamespace(metric="valid/loss", patience=None),
        "checkpoint_seconds": 1000.0,
    }
    return SimpleNamespace(**{**options, **changes})


def _trainer(
    folder: Path, watcher: Watcher, evaluate: Callable[[], dict[str, float]] | None = None, **changes: Any
) -> Any:
    model = build_model("bahdanau", embedding_dropout=0.2, readout_dropout=0.2)
    trainer = Trainer(
        model,
        Reversal(),
        evaluate or (lambda: {"valid/loss": float(np.abs(np.asarray(model.output_bias.value)).sum())}),
        last=folder / "last.npz",
        best=folder / "best.npz",
        seed=1,
        options=_options(**changes),
        observer=watcher,
        memory=MemoryPeaks(),
    )
    return trainer, model


def _weights(model: Any) -> list[np.ndarray]:
    return [np.asarray(v.value).copy() for v in model.trainable_variables]


def test_training_stopped_anywhere_resumes_to_the_same_weights_and_histories(tmp_path: Path) -> None:
    whole = Watcher()
    trainer, model = _trainer(tmp_path / "whole", whole)
    trainer.run()
    points: dict[tuple[int, str], float] = {}
    for steps in (7, 11, None):
        watcher = Watcher(steps)
        parted, parted_model = _trainer(tmp_path / "parted", watcher)
        assert parted.resume() == (steps != 7)
        if steps is None:
            parted.run()
        else:
            with pytest.raises(Stopped):
                parted.run()
        points |= watcher.points
    assert points == whole.points
    assert (20, "train/loss") in points
    for x, y in zip(_weights(model), _weights(parted_model), strict=True):
        np.testing.assert_array_equal(x, y)


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    watcher = Watcher()
    trainer, _ = _trainer(tmp_path, watcher, epochs=20, label_smoothing=0.0, schedule="constant")
    trainer.run()
    assert watcher.points[(20, "train/loss")] > watcher.points[(100, "train/loss")] > 0


def test_the_best_weights_are_kept_and_training_ends_when_patience_is_over(tmp_path: Path) -> None:
    values = iter([3.0, 1.0, 2.0, 2.0, 2.0])
    kept: list[list[np.ndarray]] = []
    watcher = Watcher()

    def evaluate() -> dict[str, float]:
        kept.append(_weights(model))
        return {"valid/loss": next(values)}

    stopping = SimpleNamespace(metric="valid/loss", patience=2)
    trainer, model = _trainer(tmp_path, watcher, evaluate, early_stopping=stopping)
    trainer.run()
    assert len(kept) == 4
    for x, y in zip(_weights(model), kept[1], strict=True):
        np.testing.assert_array_equal(x, y)


def test_plateau_shrinks_the_learning_rate_at_each_evaluation_without_improvement(tmp_path: Path) -> None:
    values = iter([3.0, 4.0, 2.0, 5.0, 6.0])
    trainer, _ = _trainer(tmp_path, Watcher(), lambda: {"valid/loss": next(values)}, schedule="plateau")
    trainer.run()
    assert trainer.state.factor == 0.5**3


def test_a_loss_that_is_not_a_number_ends_training(tmp_path: Path) -> None:
    trainer, model = _trainer(tmp_path, Watcher())
    model.output_bias.assign(np.full(model.output_bias.shape, np.nan))
    message = "The training loss is nan at optimiser step 1. Lower training.learning_rate, or set training.clip_norm."
    with pytest.raises(RunFailure, match=f"^{re.escape(message)}$"):
        trainer.run()


def test_weights_that_are_not_trained_are_kept_too(tmp_path: Path) -> None:
    trainer, model = _trainer(tmp_path, Watcher())
    model.source_embedding.trainable = False
    kept = np.asarray(model.source_embedding.value).copy()
    trainer.save()
    model.source_embedding.assign(np.zeros_like(kept))
    assert trainer.resume()
    assert np.array_equal(np.asarray(model.source_embedding.value), kept)
