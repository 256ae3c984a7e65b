"""Matrix products against NumPy, and their gradients against the automatic ones of plain products."""

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


def _rows_and_matrices() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(7)
    return generator.normal(size=(3, 5)), generator.normal(size=(3, 5, 2))


def test_vecmat_multiplies_each_row_with_its_own_matrix() -> None:
    x, matrices = _rows_and_matrices()
    found = backend.read(backend.vecmat(ops.convert_to_tensor(x), ops.convert_to_tensor(matrices)))
    np.testing.assert_allclose(found, np.stack([row @ matrix for row, matrix in zip(x, matrices)]), rtol=1e-12)


def test_matvec_multiplies_each_rows_own_matrix_with_it() -> None:
    x, matrices = _rows_and_matrices()
    turned = np.swapaxes(matrices, 1, 2)
    found = backend.read(backend.matvec(ops.convert_to_tensor(turned), ops.convert_to_tensor(x)))
    np.testing.assert_allclose(found, np.stack([matrix @ row for row, matrix in zip(x, turned)]), rtol=1e-12)


def test_a_total_is_the_sum_of_its_terms() -> None:
    terms = [np.full((2, 3), value) for value in (1.0, 20.0, 300.0)]
    for count, expected in ((1, 1.0), (3, 321.0)):
        found = backend.read(backend.total([ops.convert_to_tensor(x) for x in terms[:count]]))
        np.testing.assert_array_equal(found, np.full((2, 3), expected))
