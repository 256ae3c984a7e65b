"""From the encoder's final states to the decoder's initial ones."""

from typing import Any

from keras import ops

from attnbench import backend
from attnbench.attention.seeded import SeededLayer
from attnbench.tensors import Tensor

States = tuple[Tensor, ...]
"""The state of one layer: h of a GRU, h and c of an LSTM, (batch, units) each."""


class Bridge(SeededLayer):
    """Base class: a bridge defines `_initial`.

    Layers are paired from the top down; decoder layers below the encoder's lowest start from the states of that one.

    Args:
        units: of the decoder's states.
        layers: of the decoder.
        states: tensors of one layer's state.
    """

    def __init__(self, units: int, *, layers: int, states: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.layers, self.states = units, layers, states

    def build(self, encoder_units: int) -> None:
        """Creates the weights, where there are any."""
        self.built = True

    def run(self, finals: list[States]) -> tuple[States, ...]:
        """Final states by encoder layer -> initial states by decoder layer."""
        above = len(finals) - self.layers
        chosen = [finals[max(above + layer, 0)] for layer in range(self.layers)]
        return tuple(
            tuple(self._initial(final, layer * self.states + index) for index, final in enumerate(states))
            for layer, states in enumerate(chosen)
        )

    def _initial(self, final: Tensor, index: int) -> Tensor:
        """The initial state at `index`, counted over layers: (batch, encoder units) -> (batch, units)."""
        raise NotImplementedError


class DenseBridge(Bridge):
    """tanh(W [last forward; first backward] + b), with weights for each state (Bahdanau et al. 2015)."""

    def build(self, encoder_units: int) -> None:
        """Creates a kernel and a bias for each state."""
        names = [f"{layer}_{state}" for layer in range(self.layers) for state in range(self.states)]
        shape = (encoder_units, self.units)
        self.kernels = [self.add_weight(shape, "glorot_uniform", name=f"kernel_{name}") for name in names]
        self.biases = [self.add_weight((self.units,), "zeros", name=f"bias_{name}") for name in names]
        self.built = True

    def _initial(self, final: Tensor, index: int) -> Tensor:
        return backend.tanh(backend.product(final, self.kernels[index]) + ops.cast(self.biases[index], final.dtype))


class CopyBridge(Bridge):
    """The final state as it is; encoder and decoder have equal units."""

    def _initial(self, final: Tensor, index: int) -> Tensor:
        return final


class ZeroBridge(Bridge):
    """Zeros: what the decoder learns of the source, it learns from its contexts."""

    def _initial(self, final: Tensor, index: int) -> Tensor:
        return ops.zeros((ops.shape(final)[0], self.units), final.dtype)


BRIDGES: dict[str, type[Bridge]] = {"dense": DenseBridge, "copy": CopyBridge, "zero": ZeroBridge}
