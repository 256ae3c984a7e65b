"""One optimiser step."""

from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from keras import ops

from attnbench import backend
from attnbench.config import TrainingConfig
from attnbench.training import optimiser_step
from attnbench.training.schedule import SCHEDULES
from attnbench.training.step import OPTIMIZERS
from tests.model.conftest import build_model

SOURCE = np.array([[5, 7, 2], [11, 2, 0]], np.int32)
TARGET = np.array([[6, 4, 9, 2], [8, 2, 0, 0]], np.int32)
KEY = np.array([1, 0], np.int32)


def _options(**changes: Any) -> Any:
    options = {"optimizer": "sgd", "adam_epsilon": 1e-9, "learning_rate": 0.125, "clip_norm": None}
    return SimpleNamespace(**{**options, "label_smoothing": 0.0, **changes})


def _bias_step(**changes: Any) -> tuple[np.ndarray, float]:
    """How one step moves the output bias, and what it reports."""
    model = build_model("dot", embedding_dropout=0.0)
    before = backend.read(model.output_bias.value).copy()
    options = _options(**changes)
    _, step = optimiser_step(model, _options(**{**changes, "learning_rate": 7.0}))
    rate = np.float32(options.learning_rate)
    reported = backend.read(step(*(ops.convert_to_tensor(x) for x in (rate, SOURCE, TARGET, KEY))))
    return backend.read(model.output_bias.value) - before, float(reported)


def _bias_gradient() -> np.ndarray:
    """Of the mean loss, by hand: probabilities less truth, summed over the six target tokens, divided by six."""
    model = build_model("dot", embedding_dropout=0.0)
    logits, _ = model.teacher_forced(ops.convert_to_tensor(SOURCE), ops.convert_to_tensor(TARGET))
    values = backend.read(logits).astype(np.float64)
    values -= np.log(np.exp(values).sum(-1, keepdims=True))
    truth = TARGET.T.reshape(-1)
    gradients = np.exp(values)
    gradients[np.arange(len(truth)), truth] -= 1
    return gradients[truth != 0].sum(0) / 6


def test_a_step_of_sgd_is_the_learning_rate_times_the_mean_gradient() -> None:
    moved, _ = _bias_step()
    np.testing.assert_allclose(moved, -0.125 * _bias_gradient(), rtol=1e-4, atol=1e-7)


def test_it_reports_the_sum_of_the_losses() -> None:
    _, reported = _bias_step(learning_rate=1e-6)
    model = build_model("dot", embedding_dropout=0.0)
    _, plain, tokens = model.losses(ops.convert_to_tensor(SOURCE), ops.convert_to_tensor(TARGET))
    assert float(tokens) == 6
    assert reported == pytest.approx(float(plain), rel=1e-6)


def test_adam_moves_a_weight_by_the_learning_rate_however_small_its_gradient_is() -> None:
    model = build_model("dot")
    optimizer, _ = optimiser_step(model, _options(optimizer="adam"))
    gradients = [ops.full(weight.shape, 1e-6) for weight in model.trainable_variables]
    before = backend.read(model.source_embedding.value).copy()
    optimizer.apply(gradients)
    # √v = √0.001 · 1e-6 = 3.2e-8 in the first step: an ε of 1e-9 takes 3 % of the step, Keras' 1e-7 would take 76 %.
    np.testing.assert_allclose(backend.read(model.source_embedding.value).copy() - before, -0.125 / 1.0316, rtol=1e-3)


def test_the_tables_hold_what_the_options_allow() -> None:
    hints = get_type_hints(TrainingConfig)
    assert (tuple(OPTIMIZERS), tuple(SCHEDULES)) == (get_args(hints["optimizer"]), get_args(hints["schedule"]))
