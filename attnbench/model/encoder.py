"""The encoder: stacked recurrent layers, in one direction or both."""

from typing import Any

from keras import ops

from attnbench import backend
from attnbench.attention.seeded import SeededLayer
from attnbench.model.cells import CELLS, run_cell
from attnbench.model.dropout import Dropout
from attnbench.tensors import Tensor


class Direction(SeededLayer):
    """One layer read in one direction; backwards, padding comes first and leaves the state at zero."""

    def __init__(self, cell: str, units: int, *, backwards: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cell = CELLS[cell](units, name="cell")
        self.backwards = backwards

    def build(self, inputs: int) -> None:
        """Creates the input kernel for `inputs` units, and the cell's weights."""
        self.input_kernel = self.add_weight(
            (inputs, self.cell.gates * self.cell.units), "glorot_uniform", name="input_kernel"
        )
        self.cell.build()
        self.built = True

    def run(self, x: Tensor, mask: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(source, batch, inputs) and mask (source, batch, 1) -> h (source, batch, units) and the final state."""
        projected = backend.product(x, self.input_kernel) + ops.cast(self.cell.bias, x.dtype)
        zeros = ops.zeros((ops.shape(x)[1], self.cell.units), x.dtype)
        if self.backwards:
            projected, mask = ops.flip(projected, 0), ops.flip(mask, 0)
        outputs, state = run_cell(self.cell, projected, (zeros,) * self.cell.states, mask)
        return (ops.flip(outputs, 0) if self.backwards else outputs), state


class Encoder(SeededLayer):
    """Turns embedded source tokens into annotations [forward; backward] and final states.

    Args:
        units: of an annotation, both directions together.
        bidirectional: each layer reads in both directions, with half of the units each.
        layer_dropout: rate between layers.
    """

    def __init__(
        self, cell: str, units: int, *, layers: int, bidirectional: bool, layer_dropout: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        names = ("forward", "backward") if bidirectional else ("forward",)
        self.directions = [
            [
                Direction(cell, units // len(names), backwards=name == "backward", name=f"{name}_{layer}")
                for name in names
            ]
            for layer in range(layers)
        ]
        self._dropouts = [Dropout(layer_dropout, f"encoder/{layer}") for layer in range(1, layers)]

    def build(self, inputs: int) -> None:
        """Creates all weights for source embeddings of `inputs` units."""
        for layer, directions in enumerate(self.directions):
            for direction in directions:
                direction.build(inputs if layer == 0 else self.units)
        self.built = True

    def run(self, x: Tensor, mask: Tensor, key: Tensor | None) -> tuple[Tensor, list[tuple[Tensor, ...]]]:
        """Reads the embedded source (source, batch, embedding).

        `mask` (source, batch, 1) is True where there is a token; `key` is dropout's, None in inference.

        Returns:
            annotations (source, batch, units), and for each layer its final state
            [last forward; first backward], a tuple of (batch, units).
        """
        finals = []
        for layer, directions in enumerate(self.directions):
            if layer:
                x = self._dropouts[layer - 1](x, key)
            results = [direction.run(x, mask) for direction in directions]
            x = ops.concatenate([outputs for outputs, _ in results], axis=-1)  # [forward; backward]
            states = zip(*[state for _, state in results], strict=True)
            finals.append(tuple(ops.concatenate(list(parts), axis=-1) for parts in states))
        return x, finals
