"""The loop that stores computes what attnbench's own computes, so their times say what repeating costs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from attnbench import backend
from attnbench.model import Seq2Seq
from attnbench.worker.build import build_model
from experiments.configured import run_config
from experiments.memory.stored import STORED, storing

UNITS = 14
SOURCE = np.array([[5, 7, 11, 2, 0], [17, 13, 4, 9, 2], [6, 2, 0, 0, 0]], np.int32)
TARGET = np.array([[4, 8, 2, 0], [21, 9, 6, 2], [10, 2, 0, 0]], np.int32)


@pytest.fixture(params=["current", "previous"])
def model(request: pytest.FixtureRequest) -> Seq2Seq:
    config = run_config("attention=bahdanau", f"attention.query_time={request.param}", f"hidden_size={UNITS}")
    return build_model(config, source_vocabulary=19, target_vocabulary=23)


@pytest.mark.parametrize("what", STORED)
def test_losses_and_all_gradients_are_equal(what: str, model: Seq2Seq, gradients: Callable[..., Any]) -> None:
    reported = []

    def loss() -> Any:
        total, _, tokens = model.losses(ops.convert_to_tensor(SOURCE), ops.convert_to_tensor(TARGET))
        reported.append(float(backend.read(total / tokens)))
        return total / tokens

    ours = gradients(loss, [], model.trainable_variables)
    with storing(what):
        stored = gradients(loss, [], model.trainable_variables)

    assert reported[0] == pytest.approx(reported[1], rel=1e-6)
    for variable, found, expected in zip(model.trainable_variables, ours, stored, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7, err_msg=variable.path)


@pytest.mark.parametrize("what", STORED)
def test_the_loop_that_stores_takes_the_tanh_of_a_target_position_once_and_ours_twice(
    what: str, model: Seq2Seq, gradients: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes, tanh = [], backend.tanh

    def counted(x: Any) -> Any:
        shapes.append(tuple(x.shape))
        return tanh(x)

    def computed() -> int:
        shapes.clear()
        gradients(lambda: model.losses(*tokens)[0], [], model.trainable_variables)
        return shapes.count((*SOURCE.shape, UNITS))

    tokens = ops.convert_to_tensor(SOURCE), ops.convert_to_tensor(TARGET)
    monkeypatch.setattr(backend, "tanh", counted)
    assert computed() == 2 * TARGET.shape[1]
    with storing(what):
        assert computed() == TARGET.shape[1]
