"""Cells against their equations in NumPy."""

from typing import Any

import numpy as np
import pytest
from keras import ops

from attnbench import backend
from attnbench.model.cells import CELLS, GRU, LSTM, run_cell

BATCH, UNITS, TIME = 3, 5, 4


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _built(cell: Any) -> Any:
    cell.build()
    generator = np.random.default_rng(1)
    for variable in cell.trainable_variables:
        variable.assign(generator.normal(size=variable.shape))
    return cell


@pytest.mark.usefixtures("float64")
def test_a_gru_step_is_its_equation() -> None:
    cell = _built(GRU(UNITS, name="cell"))
    generator = np.random.default_rng(2)
    x, h = generator.normal(size=(BATCH, 3 * UNITS)), generator.normal(size=(BATCH, UNITS))
    u = backend.read(cell.recurrent_kernel.value)
    b = backend.read(cell.candidate_bias.value)
    z = _sigmoid(x[:, :UNITS] + h @ u[:, :UNITS])
    r = _sigmoid(x[:, UNITS : 2 * UNITS] + h @ u[:, UNITS : 2 * UNITS])
    candidate = np.tanh(x[:, 2 * UNITS :] + r * (h @ u[:, 2 * UNITS :] + b))
    (found,) = cell.step(ops.convert_to_tensor(x), (ops.convert_to_tensor(h),))
    np.testing.assert_allclose(backend.read(found), z * h + (1 - z) * candidate, rtol=1e-9)


@pytest.mark.usefixtures("float64")
def test_an_lstm_step_is_its_equation() -> None:
    cell = _built(LSTM(UNITS, name="cell"))
    generator = np.random.default_rng(2)
    x, h, c = (generator.normal(size=(BATCH, n * UNITS)) for n in (4, 1, 1))
    i, f, o, g = np.split(x + h @ backend.read(cell.recurrent_kernel.value), 4, axis=1)
    memory = _sigmoid(f + 1) * c + _sigmoid(i) * np.tanh(g)
    found = cell.step(ops.convert_to_tensor(x), (ops.convert_to_tensor(h), ops.convert_to_tensor(c)))
    np.testing.assert_allclose(backend.read(found[0]), _sigmoid(o) * np.tanh(memory), rtol=1e-9)
    np.testing.assert_allclose(backend.read(found[1]), memory, rtol=1e-9)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("kind", CELLS.values(), ids=CELLS)
def test_a_masked_step_leaves_the_state_as_it_is(kind: Any) -> None:
    cell = _built(kind(UNITS, name="cell"))
    generator = np.random.default_rng(3)
    projected = generator.normal(size=(TIME, BATCH, cell.gates * UNITS))
    state = tuple(ops.convert_to_tensor(generator.normal(size=(BATCH, UNITS))) for _ in range(cell.states))
    mask = np.ones((TIME, BATCH, 1), bool)
    mask[2:, 1] = False
    _, masked = run_cell(cell, ops.convert_to_tensor(projected), state, ops.convert_to_tensor(mask))
    _, short = run_cell(cell, ops.convert_to_tensor(projected[:2]), state)
    _, whole = run_cell(cell, ops.convert_to_tensor(projected), state)
    for x, y, z in zip(masked, short, whole, strict=True):
        np.testing.assert_allclose(backend.read(x)[1], backend.read(y)[1], rtol=1e-12)
        np.testing.assert_allclose(backend.read(x)[0], backend.read(z)[0], rtol=1e-12)
