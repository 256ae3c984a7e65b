"""Fused functions against the same functions unfused, in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from attnbench import backend

BATCH, UNITS = 3, 5


def _one(x: Any, indices: Any, y: Any) -> Any:
    return backend.tanh(x) * ops.take(y, indices)


def _two(x: Any, indices: Any, y: Any) -> Any:
    return _one(x, indices, y), x * x


def _total(results: Any) -> Any:
    """A sum in which every number of every result has a weight of its own."""
    results = results if isinstance(results, tuple) else (results,)
    total: Any = 0
    for seed, result in enumerate(results, start=1):
        weights = np.random.default_rng(seed).normal(size=(BATCH, UNITS))
        total = total + ops.sum(result * ops.convert_to_tensor(weights))
    return total


@pytest.mark.parametrize("function", [_one, _two])
def test_values_and_gradients_are_the_automatic_ones(
    function: Callable[..., Any], gradients: Callable[..., Any]
) -> None:
    generator = np.random.default_rng(7)
    arrays = [generator.normal(size=(BATCH, UNITS)), generator.normal(size=UNITS)]
    indices = np.array([4, 0, 0, 2, 3], np.int32)

    def loss(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda x, y: _total(function(x, ops.convert_to_tensor(indices), y))

    fused = backend.fused(function)
    tensors = [ops.convert_to_tensor(x) for x in arrays]
    found, expected = (backend.read(loss(each)(*tensors)) for each in (fused, function))
    assert found == pytest.approx(expected, rel=1e-12)
    for ours, automatic in zip(gradients(loss(fused), arrays), gradients(loss(function), arrays), strict=True):
        np.testing.assert_allclose(ours, automatic, rtol=1e-10, atol=1e-12)
