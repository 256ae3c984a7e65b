"""Where the decoder's layers start from."""

from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from keras import ops

from attnbench import backend
from attnbench.config import ModelConfig
from attnbench.model.bridge import BRIDGES, Bridge
from attnbench.model.cells import CELLS

BATCH, ENCODER, UNITS = 2, 3, 5


def _run(bridge: Bridge, finals: list[np.ndarray]) -> list[np.ndarray]:
    """Initial states of a decoder whose cells have one state, from those of the encoder's layers."""
    states = bridge.run([(ops.convert_to_tensor(final),) for final in finals])
    return [backend.read(state) for (state,) in states]


def _finals(layers: int, units: int) -> list[np.ndarray]:
    return [np.full((BATCH, units), 1.0 + layer, np.float32) for layer in range(layers)]


@pytest.mark.parametrize(
    ("encoder_layers", "decoder_layers", "origins"),
    [(3, 2, [1, 2]), (2, 2, [0, 1]), (1, 3, [0, 0, 0]), (2, 3, [0, 0, 1])],
)
def test_the_top_layers_belong_together_and_the_lowest_encoder_layer_serves_those_below(
    encoder_layers: int, decoder_layers: int, origins: list[int]
) -> None:
    bridge = BRIDGES["copy"](UNITS, layers=decoder_layers, states=1)
    finals = _finals(encoder_layers, UNITS)
    for found, origin in zip(_run(bridge, finals), origins, strict=True):
        np.testing.assert_array_equal(found, finals[origin])


def test_zero_has_the_decoders_units() -> None:
    (found,) = _run(BRIDGES["zero"](UNITS, layers=1, states=1), _finals(1, ENCODER))
    np.testing.assert_array_equal(found, np.zeros((BATCH, UNITS)))


def test_dense_is_its_equation_with_weights_for_each_state() -> None:
    bridge: Any = BRIDGES["dense"](UNITS, layers=2, states=1)
    bridge.build(ENCODER)
    generator = np.random.default_rng(1)
    kernels, biases = generator.normal(size=(2, ENCODER, UNITS)), generator.normal(size=(2, UNITS))
    for weight, value in zip([*bridge.kernels, *bridge.biases], [*kernels, *biases], strict=True):
        weight.assign(value)
    finals = _finals(2, ENCODER)
    for found, final, kernel, bias in zip(_run(bridge, finals), finals, kernels, biases, strict=True):
        np.testing.assert_allclose(found, np.tanh(final @ kernel + bias), rtol=1e-5)


def test_the_tables_hold_what_the_options_allow() -> None:
    hints = get_type_hints(ModelConfig)
    assert (tuple(BRIDGES), tuple(CELLS)) == (get_args(hints["bridge"]), get_args(hints["cell"]))
