"""The decoder: recurrent layers, attention before or after them, and the readout."""

from typing import Any, NamedTuple

from keras import ops

from attnbench import backend
from attnbench.attention import Attention, Memory
from attnbench.attention.seeded import SeededLayer
from attnbench.model.cells import CELLS, run_cell
from attnbench.model.dropout import Dropout
from attnbench.tensors import Structure, Tensor


class DecoderState(NamedTuple):
    """What one target position hands to the next.

    layers: for each layer its state, a tuple of (batch, units), the top layer last.
    attention: the mechanism's state.
    previous_readout: what input feeding gives to the RNN, (batch, readout units); () without input feeding.
    """

    layers: tuple[tuple[Tensor, ...], ...]
    attention: Structure
    previous_readout: Tensor


class Decoder(SeededLayer):
    """Attention at query time `previous` or `current`, with or without input feeding.

    previous: context from s(t-1), then s(t) = RNN(embedding, context, s(t-1)) (Bahdanau et al. 2015).
    current: h(t) = RNN(embedding, h(t-1)), then context from h(t) (Luong et al. 2015).
    Both: readout = tanh(state_kernel h(t) + context_kernel context + b); with input feeding the readout of t-1 is
    another input of the RNN (Luong et al. 2015, section 3.3). Terms have kernels of their own.
    """

    def __init__(
        self,
        attention: Attention | None,
        *,
        cell: str,
        units: int,
        layers: int,
        readout_units: int,
        query_time: str,
        input_feeding: bool,
        layer_dropout: float,
        readout_dropout: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.attention: Any = attention
        self.units, self.readout_units = units, readout_units
        self.queries_previous = attention is not None and query_time == "previous"
        self.input_feeding = input_feeding
        self.cells = [CELLS[cell](units, name=f"cell_{layer}") for layer in range(layers)]
        self._layer_dropouts = [Dropout(layer_dropout, f"decoder/{layer}") for layer in range(1, layers)]
        self._readout_dropout = Dropout(readout_dropout, "readout")

    def build(self, embedding_units: int, annotation_units: int) -> None:
        """Creates all weights."""
        gates = self.cells[0].gates * self.units

        def kernel(inputs: int, outputs: int, name: str) -> Tensor:
            return self.add_weight((inputs, outputs), "glorot_uniform", name=name)

        self.embedding_kernel = kernel(embedding_units, gates, "embedding_kernel")
        self.input_kernels = [kernel(self.units, gates, f"input_kernel_{i}") for i in range(1, len(self.cells))]
        self.readout_state_kernel = kernel(self.units, self.readout_units, "readout_state_kernel")
        self.readout_bias = self.add_weight((self.readout_units,), "zeros", name="readout_bias")
        self.context_kernels = []
        for cell in self.cells:
            cell.build()
        if self.attention is not None:
            self.attention.build((None, self.units), (None, None, annotation_units), (None, None))
            self.readout_context_kernel = kernel(annotation_units, self.readout_units, "readout_context_kernel")
            self.context_kernels.append(self.readout_context_kernel)
        if self.queries_previous:
            self.context_kernel = kernel(annotation_units, gates, "context_kernel")
            self.context_kernels.append(self.context_kernel)
        if self.input_feeding:
            self.feeding_kernel = kernel(self.readout_units, gates, "feeding_kernel")
        self.built = True

    @property
    def needs_step_loop(self) -> bool:
        """Whether the RNN's input depends on the state before it, so that attention has to be in the RNN's loop."""
        constant = self.attention is not None and self.attention.constant
        return self.input_feeding or (self.queries_previous and not constant)

    def initial_state(self, layers: tuple[tuple[Tensor, ...], ...], memory: Memory | None) -> DecoderState:
        """The state before the first target position, from the bridge's states; `memory` is None without attention."""
        first = layers[0][0]
        readout = ops.zeros((ops.shape(first)[0], self.readout_units), first.dtype) if self.input_feeding else ()
        return DecoderState(layers, () if memory is None else self.attention.initial_state(memory), readout)

    def project(self, embedded: Tensor) -> Tensor:
        """The embedding's term of the bottom RNN with its bias: (..., embedding) -> (..., gates x units)."""
        return backend.product(embedded, self.embedding_kernel) + ops.cast(self.cells[0].bias, embedded.dtype)

    def position(
        self,
        projected: Tensor,
        state: DecoderState,
        memory: Memory | None,
        masks: tuple[Tensor, ...] = (),
        *,
        hypotheses: int = 1,
    ) -> tuple[Tensor, Tensor, Tensor, DecoderState]:
        """One target position, from the embedding's term (rows, gates x units) and the state of the position before.

        The masks are dropout's at this position, from `_masks`, () in inference; `memory` is None without attention,
        and belongs to `hypotheses` batches of rows (see `Attention.attend_shared`).

        Returns:
            h(t) (rows, units); context (rows, units) and weights (rows, source), both () without attention; and the
            new state.
        """
        context, weights, attended = (), (), state.attention
        terms = [projected]
        if self.queries_previous:
            query = state.layers[-1][0]
            context, weights, attended = self.attention.attend_shared(query, memory, attended, hypotheses)
            terms.append(backend.product(context, self.context_kernel))
        if self.input_feeding:
            terms.append(backend.product(state.previous_readout, self.feeding_kernel))
        layers = self._step_layers(backend.total(terms), state.layers, masks)
        hidden = layers[-1][0]
        if self.attention is not None and not self.queries_previous:
            context, weights, attended = self.attention.attend_shared(hidden, memory, attended, hypotheses)
        readout = _dropped(self.readout(hidden, context), masks[-1:]) if self.input_feeding else ()
        return hidden, context, weights, DecoderState(layers, attended, readout)

    def _step_layers(
        self, projected: Tensor, states: tuple[tuple[Tensor, ...], ...], masks: tuple[Tensor, ...]
    ) -> tuple[tuple[Tensor, ...], ...]:
        after = [self.cells[0].step(projected, states[0])]
        for layer in range(1, len(self.cells)):
            below = _dropped(after[-1][0], masks[layer - 1 : layer])
            projected = backend.product(below, self.input_kernels[layer - 1])
            projected = projected + ops.cast(self.cells[layer].bias, projected.dtype)
            after.append(self.cells[layer].step(projected, states[layer]))
        return tuple(after)

    def readout(self, hidden: Tensor, context: Tensor) -> Tensor:
        """tanh(state_kernel h + context_kernel c + b), (..., readout units); `context` is () without attention."""
        terms = [backend.product(hidden, self.readout_state_kernel)]
        if self.attention is not None:
            terms.append(backend.product(context, self.readout_context_kernel))
        return backend.tanh(backend.total(terms) + ops.cast(self.readout_bias, hidden.dtype))

    def teacher_forced(
        self,
        embedded: Tensor,
        state: DecoderState,
        memory: Memory | None,
        key: Tensor | None,
        *,
        return_weights: bool = True,
    ) -> tuple[Tensor, Tensor]:
        """Every target position, given the true tokens before it; without `return_weights` a loop keeps less.

        Embedded target tokens, shifted right, (target, batch, embedding) -> readouts (target, batch, readout units),
        dropped out, and weights (target, batch, source), () without attention or `return_weights`. `state` is that of
        `initial_state`; `memory` is None without attention; `key` is dropout's, None in inference.
        """
        projected = self.project(embedded)
        if self.needs_step_loop:
            return self._step_by_step(projected, state, memory, key, return_weights)
        hidden, context, weights = projected, (), ()
        if self.queries_previous:  # a constant context, which does not wait for queries
            context, weights = self.attention.attend_all(projected, memory)
            hidden = projected + backend.product(context, self.context_kernel)
        for layer, cell in enumerate(self.cells):
            if layer:
                below = self._layer_dropouts[layer - 1](hidden, key)
                hidden = backend.product(below, self.input_kernels[layer - 1]) + ops.cast(cell.bias, below.dtype)
            hidden, _ = run_cell(cell, hidden, state.layers[layer])  # projected input -> h, (target, batch, units)
        if self.attention is not None and not self.queries_previous:
            context, weights = self.attention.attend_all(hidden, memory)
        readouts = self._readout_dropout(self.readout(hidden, context), key)
        return readouts, weights if return_weights else ()

    def _step_by_step(
        self, projected: Tensor, state: DecoderState, memory: Memory | None, key: Tensor | None, return_weights: bool
    ) -> tuple[Tensor, Tensor]:
        """`teacher_forced` with attention in the loop over target positions."""

        def step(state: Structure, inputs: Structure, constants: Structure) -> tuple[Structure, Structure]:
            projected, masks = inputs
            memory = Memory(*constants) if constants else None
            hidden, context, weights, state = self.position(projected, state, memory, masks)
            outputs = state.previous_readout if self.input_feeding else (hidden, context)
            return state, (outputs, weights if return_weights else ())

        _, (outputs, weights) = backend.scan(
            step,
            state,
            (projected, self._masks(projected, key)),
            constants=() if memory is None else tuple(memory),
            variables=self.variables,
            dtype=self.compute_dtype,
        )
        if self.input_feeding:
            return outputs, weights
        return self._readout_dropout(self.readout(*outputs), key), weights

    def _masks(self, projected: Tensor, key: Tensor | None) -> tuple[Tensor, ...]:
        """Dropout factors (target, batch, units) of all positions, drawn as the other path draws them.

        For the input of each upper layer, then, with input feeding, for the readout; () for one that drops nothing, and
        for all of them in inference.
        """
        if key is None:
            return ()
        target, batch = ops.shape(projected)[:2]
        dropouts = [(dropout, self.units) for dropout in self._layer_dropouts]
        if self.input_feeding:
            dropouts.append((self._readout_dropout, self.readout_units))
        return tuple(
            dropout.mask((target, batch, units), key, projected.dtype) if dropout.rate else ()
            for dropout, units in dropouts
        )


def _dropped(x: Tensor, masks: tuple[Tensor, ...]) -> Tensor:
    """`x` times the mask in `masks`; `x` itself where there is none."""
    return x * masks[0] if masks and not isinstance(masks[0], tuple) else x
