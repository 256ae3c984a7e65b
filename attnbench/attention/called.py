"""Makes a mechanism of any layer that can be called as `context, weights = layer(query, values, mask)`."""

from typing import Any

import keras

from attnbench.attention.mechanism import Attention, Memory
from attnbench.tensors import Shape, Structure, Tensor


class Called(Attention):
    """A layer of the user's own that knows nothing of the protocol; it is called once for every target position."""

    def __init__(self, layer: keras.layers.Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = layer
        layer.supports_masking = True  # it takes the mask as an argument; Keras would warn that it drops it

    def build(self, query_shape: Shape, values_shape: Shape, mask_shape: Shape | None = None) -> None:
        """Builds the layer by calling it once, so that it may create its weights wherever it likes."""
        query = keras.ops.zeros((1, query_shape[-1]), self.compute_dtype)
        values = keras.ops.zeros((1, 2, values_shape[-1]), self.compute_dtype)
        self.layer(query, values, mask=keras.ops.ones((1, 2), "bool"))
        self.built = True

    def attend(self, query: Tensor, memory: Memory, state: Structure) -> tuple[Tensor, Tensor, Structure]:
        """One query a sentence; see `Attention.attend`."""
        context, weights = self.layer(query, memory.values, mask=memory.mask)
        return context, weights, state
