"""The decoder: recurrent layers, the place where attention is asked, and the readout."""

from typing import Any, NamedTuple

from keras import ops

from attnbench import backend
from attnbench.attention import Attention, Memory
from attnbench.attention.seeded import SeededLayer
from attnbench.model.cells import CELLS, run_cell
from attnbench.model.dropout import Dropout


class DecoderState(NamedTuple):
    """What one target position hands to the next.

    layers: for each layer its state, a tuple of (batch, units), the top layer last.
    attention: the mechanism's state.
    fed: the attentional vector that input feeding returns, (batch, readout units); an empty tuple without it.
    """

    layers: Any
    attention: Any
    fed: Any


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
        self._between = [Dropout(layer_dropout, f"decoder/{layer}") for layer in range(1, layers)]
        self._dropped_readout = Dropout(readout_dropout, "readout")

    def build(self, embedding_units: int, annotation_units: int) -> None:
        """Creates all weights."""
        gates = self.cells[0].gates * self.units

        def kernel(inputs: int, outputs: int, name: str) -> Any:
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
    def stepped(self) -> bool:
        """Whether the RNN needs a context, or a readout, of the step before, so that attention is in its loop."""
        known = self.attention is not None and self.attention.constant
        return self.input_feeding or (self.queries_previous and not known)

    def initial_state(self, layers: Any, memory: Any) -> DecoderState:
        """The state before the first target position.

        Args:
            layers: initial states from the bridge.
            memory: the prepared annotations; None without attention.
        """
        first = layers[0][0]
        fed = ops.zeros((ops.shape(first)[0], self.readout_units), first.dtype) if self.input_feeding else ()
        return DecoderState(layers, () if memory is None else self.attention.initial_state(memory), fed)

    def project(self, embedded: Any) -> Any:
        """The embedding's term of the bottom RNN with its bias: (..., embedding) -> (..., gates x units)."""
        return backend.product(embedded, self.embedding_kernel) + ops.cast(self.cells[0].bias, embedded.dtype)

    def position(
        self, projected: Any, state: DecoderState, memory: Any, masks: Any = (), *, hypotheses: int = 1
    ) -> tuple[Any, Any, Any, DecoderState]:
        """One target position.

        Args:
            projected: the embedding's term, (rows, gates x units).
            state: from the position before.
            memory: the prepared annotations; None without attention.
            masks: from `_masks`; empty in inference.
            hypotheses: how many batches of rows there are for one memory; see `Attention.attend_shared`.

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
            terms.append(backend.product(state.fed, self.feeding_kernel))
        layers = self._step_layers(backend.total(terms), state.layers, masks)
        hidden = layers[-1][0]
        if self.attention is not None and not self.queries_previous:
            context, weights, attended = self.attention.attend_shared(hidden, memory, attended, hypotheses)
        fed = state.fed
        if self.input_feeding:
            fed = self.readout(hidden, context)
            fed = _dropped(fed, masks[-1:])
        return hidden, context, weights, DecoderState(layers, attended, fed)

    def _step_layers(self, projected: Any, states: Any, masks: Any) -> tuple[tuple[Any, ...], ...]:
        after = [self.cells[0].step(projected, states[0])]
        for layer in range(1, len(self.cells)):
            below = _dropped(after[-1][0], masks[layer - 1 : layer])
            projected = backend.product(below, self.input_kernels[layer - 1])
            projected = projected + ops.cast(self.cells[layer].bias, projected.dtype)
            after.append(self.cells[layer].step(projected, states[layer]))
        return tuple(after)

    def readout(self, hidden: Any, context: Any) -> Any:
        """tanh(state_kernel h + context_kernel c + b), (..., readout units); `context` is () without attention."""
        terms = [backend.product(hidden, self.readout_state_kernel)]
        if self.attention is not None:
            terms.append(backend.product(context, self.readout_context_kernel))
        return backend.tanh(backend.total(terms) + ops.cast(self.readout_bias, hidden.dtype))

    def teacher_forced(
        self, embedded: Any, state: DecoderState, memory: Any, key: Any, *, weighs: bool = True
    ) -> tuple[Any, Any]:
        """Every target position, the true target before it being given.

        Args:
            embedded: target tokens shifted right, (target, batch, embedding).
            state: from `initial_state`.
            memory: the prepared annotations; None without attention.
            key: for dropout; None in inference.
            weighs: whether weights are asked for; a loop that need not hand them on is leaner.

        Returns:
            readouts (target, batch, readout units), dropped out, and weights (target, batch, source), () where there
            is no attention or nobody asks.
        """
        projected = self.project(embedded)
        if self.stepped:
            return self._stepwise(projected, state, memory, key, weighs)
        hidden, context, weights = projected, (), ()
        if self.queries_previous:  # a constant context, which no query has to be waited for
            context, weights = self.attention.attend_all(projected, memory)
            hidden = projected + backend.product(context, self.context_kernel)
        for layer, cell in enumerate(self.cells):
            if layer:
                below = self._between[layer - 1](hidden, key)
                hidden = backend.product(below, self.input_kernels[layer - 1]) + ops.cast(cell.bias, below.dtype)
            hidden, _ = run_cell(cell, hidden, state.layers[layer])
        if self.attention is not None and not self.queries_previous:
            context, weights = self.attention.attend_all(hidden, memory)
        return self._dropped_readout(self.readout(hidden, context), key), weights if weighs else ()

    def _stepwise(self, projected: Any, state: DecoderState, memory: Any, key: Any, weighs: bool) -> tuple[Any, Any]:
        def step(state: Any, inputs: Any, constants: Any) -> Any:
            projected, masks = inputs
            memory = Memory(*constants) if constants else None
            hidden, context, weights, state = self.position(projected, state, memory, masks)
            return state, (state.fed if self.input_feeding else (hidden, context), weights if weighs else ())

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
        return self._dropped_readout(self.readout(*outputs), key), weights

    def _masks(self, projected: Any, key: Any) -> tuple[Any, ...]:
        """Dropout factors of every position, drawn as the other path draws them.

        For the input of each upper layer, then for the fed readout; () where nothing is dropped.
        """
        if key is None:
            return ()
        time, batch = ops.shape(projected)[:2]
        places = [(dropout, self.units) for dropout in self._between]
        if self.input_feeding:
            places.append((self._dropped_readout, self.readout_units))
        return tuple(
            dropout.mask((time, batch, units), key, projected.dtype) if dropout.rate else ()
            for dropout, units in places
        )


def _dropped(x: Any, masks: tuple[Any, ...]) -> Any:
    """`x` times the mask in `masks`; `x` itself where there is none."""
    return x * masks[0] if masks and not isinstance(masks[0], tuple) else x
