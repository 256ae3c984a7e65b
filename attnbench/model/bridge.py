"""From the encoder's final states to the decoder's initial ones."""

from typing import Any

from keras import ops

from attnbench import backend
from attnbench.attention.seeded import SeededLayer


class Bridge(SeededLayer):
    """`dense`: tanh(W [last forward; first backward] + b) (Bahdanau et al. 2015); `copy`: as it is; `zero`: zeros.

    The top layers belong together, then those below them; decoder layers that the encoder lacks start from its lowest.
    """

    def __init__(self, kind: str, units: int, *, layers: int, states: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind, self.units, self.layers, self.states = kind, units, layers, states

    def build(self, encoder_units: int) -> None:
        """Creates a kernel and a bias for every state, where the kind is `dense`."""
        places = [f"{layer}_{state}" for layer in range(self.layers) for state in range(self.states)]
        if self.kind == "dense":
            shape = (encoder_units, self.units)
            self.kernels = [self.add_weight(shape, "glorot_uniform", name=f"kernel_{place}") for place in places]
            self.biases = [self.add_weight((self.units,), "zeros", name=f"bias_{place}") for place in places]
        self.built = True

    def run(self, finals: list[tuple[Any, ...]]) -> tuple[tuple[Any, ...], ...]:
        """Final states by encoder layer -> initial states by decoder layer, each a tuple of (batch, units)."""
        above = len(finals) - self.layers
        chosen = [finals[max(above + layer, 0)] for layer in range(self.layers)]
        if self.kind == "copy":
            return tuple(chosen)
        if self.kind == "zero":
            zeros = ops.zeros((ops.shape(finals[0][0])[0], self.units), finals[0][0].dtype)
            return ((zeros,) * self.states,) * self.layers
        weights = iter(zip(self.kernels, self.biases, strict=True))
        return tuple(tuple(self._dense(part, *next(weights)) for part in state) for state in chosen)

    def _dense(self, x: Any, kernel: Any, bias: Any) -> Any:
        return backend.tanh(backend.product(x, kernel) + ops.cast(bias, x.dtype))
