"""The protocol of every attention mechanism."""

from typing import NamedTuple

import keras
from keras import ops

from attnbench import backend
from attnbench.attention.seeded import SeededLayer
from attnbench.tensors import Shape, Structure, Tensor


class Memory(NamedTuple):
    """What a mechanism attends to, prepared once a batch.

    keys: what queries are scored against, (batch, source, ...).
    values: the annotations, (batch, source, units).
    mask: (batch, source), True where there is a token.
    """

    keys: Tensor
    values: Tensor
    mask: Tensor


class Attention(SeededLayer):
    """Base class: a mechanism defines `attend`, and `prepare` where it has keys of its own.

    Calling the layer is the plain form, `context, weights = layer(query, values, mask)`. A mechanism keeps nothing
    between calls: whatever one target position hands to the next is its `state`, and then `recurrent` is True.

    Attributes:
        recurrent: the state of one target position is needed at the next one.
        constant: context and weights are the same for every query, and there is no state.
    """

    recurrent = False
    constant = False

    def prepare(self, values: Tensor, mask: Tensor) -> Memory:
        """Computes once a batch what does not depend on the query; `values` and `mask` are those of `Memory`."""
        return Memory(values, values, mask)

    def initial_state(self, memory: Memory) -> Structure:
        """The state before the first target position: a structure of (batch, ...) tensors, empty for most."""
        return ()

    def attend(self, query: Tensor, memory: Memory, state: Structure) -> tuple[Tensor, Tensor, Structure]:
        """Attends from one query a sentence.

        Args:
            query: (batch, query units).
            memory: from `prepare`.
            state: from `initial_state` or the target position before.

        Returns:
            context (batch, units), weights (batch, source), and the state for the next target position.
        """
        raise NotImplementedError

    def attend_all(self, queries: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Attends from every target position, equal to `attend` at one after another.

        Args:
            queries: (target, batch, query units).
            memory: from `prepare`.

        Returns:
            contexts (target, batch, units) and weights (target, batch, source).
        """

        def step(state: Structure, query: Tensor, memory: Structure) -> tuple[Structure, Structure]:
            context, weights, state = self.attend(query, Memory(*memory), state)
            return state, (context, weights)

        _, (contexts, weights) = backend.scan(
            step,
            self.initial_state(memory),
            queries,
            constants=tuple(memory),
            variables=self.variables,
            dtype=self.compute_dtype,
        )
        return contexts, weights

    def attend_shared(
        self, query: Tensor, memory: Memory, state: Structure, hypotheses: int
    ) -> tuple[Tensor, Tensor, Structure]:
        """Attends from several queries a sentence, one for each of the `hypotheses` of a beam, that share its memory.

        It takes and returns what `attend` does, with rows for queries, (hypotheses x batch, ...), a batch for each
        hypothesis; the memory is that of the batch.
        """
        if hypotheses == 1:
            return self.attend(query, memory, state)
        if self.recurrent:
            repeated = keras.tree.map_structure(lambda x: ops.concatenate([x] * hypotheses, axis=0), memory)
            return self.attend(query, repeated, state)
        # Without a state the hypotheses of a sentence are like target positions: (hypotheses, batch, query units).
        contexts, weights = self.attend_all(ops.reshape(query, (hypotheses, -1, query.shape[-1])), memory)
        rows = ops.shape(query)[0]
        return ops.reshape(contexts, (rows, contexts.shape[-1])), ops.reshape(weights, (rows, -1)), state

    def flops(self, *, source_tokens: float, target_tokens: float) -> float | None:
        """FLOPs of one sentence pair's forward pass, 2 per multiply-add of matrix products; None where not counted.

        Called once the layer is built. Everything counts but the products of the readout and the RNN with the context.

        Args:
            source_tokens: length of the source with EOS, or a mean of lengths.
            target_tokens: length of the target with EOS, or a mean of lengths.
        """
        return None

    def build(self, query_shape: Shape, values_shape: Shape, mask_shape: Shape | None = None) -> None:
        """Creates the weights from the shapes of query and values."""
        self.value_units = values_shape[-1]
        self.built = True

    def compute_mask(self, inputs: Structure, previous_mask: Structure) -> None:
        """The outputs carry no mask: the source's is not a mask of contexts."""

    def call(self, query: Tensor, values: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Attends from one query, or from several at once, to the values.

        Args:
            query: (batch, query units) or (batch, target, query units).
            values: (batch, source, units).
            mask: (batch, source), True where there is a token; None where every position holds one.

        Returns:
            context (batch, [target,] units) and weights (batch, [target,] source).

        Raises:
            ValueError: the shapes do not fit each other.
        """
        _check_shapes(query, values, mask)
        if mask is None:
            mask = ops.ones(ops.shape(values)[:2], "bool")
        memory = self.prepare(values, mask)
        if len(query.shape) == 2:
            context, weights, _ = self.attend(query, memory, self.initial_state(memory))
            return context, weights
        contexts, weights = self.attend_all(ops.swapaxes(query, 0, 1), memory)
        return ops.swapaxes(contexts, 0, 1), ops.swapaxes(weights, 0, 1)


def _check_shapes(query: Tensor, values: Tensor, mask: Tensor | None) -> None:
    if len(query.shape) not in (2, 3) or len(values.shape) != 3:
        raise ValueError(
            "The query must be (batch, units) or (batch, target, units) and the values (batch, source, units), "
            f"received {tuple(query.shape)} and {tuple(values.shape)}."
        )
    if mask is not None and not _agree(mask.shape, values.shape[:2]):
        raise ValueError(
            f"The mask must be (batch, source) as the values are, {tuple(values.shape[:2])}, received "
            f"{tuple(mask.shape)}."
        )
    if not _agree(query.shape[:1], values.shape[:1]):
        raise ValueError(
            f"Query and values must belong to one batch, received {query.shape[0]} and {values.shape[0]} sentences."
        )


def _agree(one: Shape, other: Shape) -> bool:
    """Whether two shapes can be equal; None is a size that is not known yet."""
    return len(one) == len(other) and all(x == y or None in (x, y) for x, y in zip(one, other))
