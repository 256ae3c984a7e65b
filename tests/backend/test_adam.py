"""The backend's Adam, against the article's formula and against Keras' own."""

from typing import Any

import keras
import numpy as np
import pytest

from attnbench import backend

SHAPES = ((7, 5), (3,))
RATES = (0.25, 0.125, 0.0625, 0.5)


def _numbers() -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
    """Initial weights, and the gradients of four steps."""
    generator = np.random.default_rng(5)
    weights = [generator.normal(size=shape) for shape in SHAPES]
    return weights, [[generator.normal(size=shape) for shape in SHAPES] for _ in RATES]


def _trained(make: Any, dtype: str, **options: Any) -> list[np.ndarray]:
    """The weights after four steps, and what the optimiser keeps."""
    values, gradients = _numbers()
    weights = [keras.Variable(value, dtype=dtype) for value in values]
    optimizer = make(0.25, epsilon=1e-3, **options)
    optimizer.build(weights)
    for rate, each in zip(RATES, gradients, strict=True):
        optimizer.learning_rate.assign(rate)
        optimizer.apply([keras.ops.convert_to_tensor(gradient, dtype) for gradient in each])
    return [backend.read(each.value).copy() for each in [*weights, *optimizer.variables]]


def _by_formula() -> list[np.ndarray]:
    """Kingma and Ba 2015, section 2, the order that saves a division: ε is added to the uncorrected root."""
    weights, gradients = _numbers()
    for index, weight in enumerate(weights):
        m, v = np.zeros_like(weight), np.zeros_like(weight)
        for time, rate in enumerate(RATES, start=1):
            g = gradients[time - 1][index]
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            weight -= rate * np.sqrt(1 - 0.999**time) / (1 - 0.9**time) * m / (np.sqrt(v) + 1e-3)
    return weights


def test_it_follows_the_formula() -> None:
    for x, y in zip(_trained(backend.Adam, "float64"), _by_formula(), strict=False):
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-9)


def test_four_clipped_steps_leave_the_weights_and_moments_that_keras_leaves() -> None:
    ours, theirs = (_trained(make, "float32", global_clipnorm=1.5) for make in (backend.Adam, keras.optimizers.Adam))
    assert len(ours) == 2 + 2 + 4  # weights; iterations and learning rate; two moments each
    for x, y in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-6)


def test_a_step_by_hand() -> None:
    # m = 0.1 · 0.5 and v = 0.001 · 0.25, both divided by their share: the step is the learning rate, whatever g is.
    weight = keras.Variable([3.0])
    optimizer = backend.Adam(0.25, epsilon=0.0)
    optimizer.build([weight])
    optimizer.apply([keras.ops.convert_to_tensor([0.5])])
    assert float(backend.read(weight.value)[0]) == pytest.approx(3.0 - 0.25, rel=1e-6)
