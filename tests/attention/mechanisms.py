"""Mechanisms as a user may write them, and those of the table."""

from typing import Any

import keras
from keras import ops

from attnbench import backend
from attnbench.attention import Attention, Memory, build
from attnbench.attention.scored import ScoredAttention
from attnbench.attention.weighting import Softmax
from attnbench.mechanisms import BASELINES, FACTORS, SCALES, SCORES, WEIGHTS

COMBINATIONS: list[tuple[str, dict[str, str]]] = [(name, {}) for name in BASELINES if name != "none"] + [
    (name, {"scale": scale, "weights": weights}) for name in SCORES for scale in SCALES for weights in WEIGHTS
]
"""Every mechanism of the table: its score and its other options."""


def make(score: str, *, units: int, **options: Any) -> Any:
    """The mechanism of a score or baseline, with `units` attention units where it has a size of its own."""
    if "units" in FACTORS["score"][score].options:
        options["units"] = units
    return build(score, **options)


class Stranger(keras.layers.Layer):
    """Knows nothing of the protocol and makes its weights when it is first called."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(units, use_bias=False)

    def call(self, query: Any, values: Any, mask: Any) -> tuple[Any, Any]:
        weights = Softmax()(ops.einsum("bd,bsd->bs", self.dense(query), values), mask)
        return ops.einsum("bs,bsd->bd", weights, values), weights


class Coverage(Attention):
    """Scores less what a position has received already: each target position needs the state of the one before."""

    recurrent = True

    def build(self, query_shape: Any, values_shape: Any, mask_shape: Any = None) -> None:
        self.kernel = self.add_weight((query_shape[-1], values_shape[-1]), "glorot_uniform", name="kernel")
        self.fatigue = self.add_weight((), "ones", name="fatigue")
        self.built = True

    def initial_state(self, memory: Memory) -> Any:
        return ops.zeros_like(memory.values[:, :, 0])

    def attend(self, query: Any, memory: Memory, state: Any) -> tuple[Any, Any, Any]:
        projected = backend.product(query, self.kernel)
        scores = ops.einsum("bd,bsd->bs", projected, memory.keys) - ops.cast(self.fatigue, state.dtype) * state
        weights = Softmax()(scores, memory.mask)
        return ops.einsum("bs,bsd->bd", weights, memory.values), weights, state + weights


class Tiring(ScoredAttention):
    """A scored mechanism with a state: what has been given before counts less."""

    recurrent = True

    def initial_state(self, memory: Memory) -> Any:
        return ops.ones_like(memory.values[:, :, 0])

    def attend(self, query: Any, memory: Memory, state: Any) -> tuple[Any, Any, Any]:
        weights = Softmax()(self.score.scores(query, memory.keys) * state, memory.mask)
        return ops.einsum("bs,bsd->bd", weights, memory.values), weights, state - weights / 2
