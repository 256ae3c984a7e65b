"""The matrix product against NumPy, and its gradient against the automatic one of a plain product."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from attnbench import backend

SHAPES = [(3, 5), (2, 3, 5)]


def _arrays(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    return generator.normal(size=shape), generator.normal(size=(5, 7))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_product_is_the_product_of_its_rows(shape: tuple[int, ...]) -> None:
    x, kernel = _arrays(shape)
    found = backend.read(backend.product(ops.convert_to_tensor(x), ops.convert_to_tensor(kernel)))
    np.testing.assert_allclose(found, x @ kernel, rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_its_gradients_are_the_automatic_ones(shape: tuple[int, ...], gradients: Callable[..., Any]) -> None:
    arrays = _arrays(shape)
    found = gradients(lambda x, kernel: ops.sum(backend.product(x, kernel) ** 2), arrays)
    expected = gradients(lambda x, kernel: ops.sum(ops.matmul(x, kernel) ** 2), arrays)
    for ours, automatic in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, automatic, rtol=1e-10)
