"""A fused function against the same operations one by one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from attnbench import backend


def _two_results(x: Any, y: Any, places: Any) -> tuple[Any, Any]:
    product = ops.sigmoid(x) * backend.tanh(y)
    return product, ops.sum(product * ops.cast(places, product.dtype), axis=-1)


def _one_result(x: Any, y: Any, places: Any) -> Any:
    return _two_results(x, y, places)[0] + ops.cast(places, x.dtype)


@pytest.mark.parametrize("function", [_two_results, _one_result])
def test_values_and_gradients_are_those_of_the_function(
    function: Callable[..., Any], gradients: Callable[..., Any]
) -> None:
    generator = np.random.default_rng(4)
    arrays = [generator.normal(size=(3, 7)) for _ in range(2)]
    places = ops.convert_to_tensor(np.arange(7, dtype=np.int32))

    def loss(run: Callable[..., Any]) -> Callable[..., Any]:
        def value(x: Any, y: Any) -> Any:
            found = run(x, y, places)
            parts = found if isinstance(found, tuple) else (found,)
            return sum(ops.sum(ops.exp(part)) for part in parts)

        return value

    tensors, both = [ops.convert_to_tensor(x) for x in arrays], (backend.fused(function), function)
    value, wanted = (float(backend.read(loss(run)(*tensors))) for run in both)
    assert value == pytest.approx(wanted, rel=1e-12)
    found, expected = (gradients(loss(run), arrays) for run in both)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-12)
