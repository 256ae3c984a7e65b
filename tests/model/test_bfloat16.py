"""Training in mixed_bfloat16 compared with float32."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from tests.model.conftest import build_model, precision

Pairs = tuple[np.ndarray, np.ndarray]


@pytest.mark.parametrize("preset", ["bahdanau", "dot with input feeding"])
def test_gradients_are_those_of_float32_but_for_the_rounding(
    preset: str, pairs: Pairs, gradients: Callable[..., Any]
) -> None:
    def found(policy: str) -> dict[str, np.ndarray]:
        with precision(policy):
            model = build_model(preset)

        def loss() -> Any:
            smoothed, _, tokens = model.losses(*(ops.convert_to_tensor(x) for x in pairs), smoothing=0.1)
            return smoothed / tokens

        variables = model.trainable_variables
        return {v.path: x for v, x in zip(variables, gradients(loss, [], variables), strict=True)}

    exact, rounded = found("float32"), found("mixed_bfloat16")
    for path, gradient in exact.items():
        error = np.linalg.norm(rounded[path] - gradient) / np.linalg.norm(gradient)
        # A number of eight bits is at most 2⁻⁸ from the one it stands for; these are sixteen such errors, all one way.
        assert 0 < error < 16 * 2**-8, path
