"""Contexts that do not depend on the query: the baselines between no context at all and attention."""

from typing import Any

from keras import ops

from attnbench.attention.mechanism import Attention, Memory
from attnbench.tensors import Structure, Tensor


class Constant(Attention):
    """One context for all queries, computed once a batch.

    Its memory holds the weights as keys, (batch, source), and the context as the only value, (batch, 1, units).
    """

    constant = True

    def attend(self, query: Tensor, memory: Memory, state: Structure) -> tuple[Tensor, Tensor, Structure]:
        """One query a sentence; see `Attention.attend`."""
        return memory.values[:, 0], memory.keys, state

    def attend_all(self, queries: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """The same for every target position; of the queries only their number counts."""
        target = ops.shape(queries)[0]

        def repeated(x: Tensor) -> Tensor:
            return ops.broadcast_to(x[None], (target, *ops.shape(x)))

        return repeated(memory.values[:, 0]), repeated(memory.keys)

    def flops(self, *, source_tokens: float, target_tokens: float) -> float:
        """One weighted sum of the values a sentence; see `Attention.flops`."""
        return 2.0 * source_tokens * self.value_units


class Uniform(Constant):
    """The mean of the annotations at every target position."""

    def prepare(self, values: Tensor, mask: Tensor) -> Memory:
        """Weights of 1/length on tokens, 0 on padding."""
        tokens = ops.cast(mask, "float32" if values.dtype != "float64" else "float64")
        weights = ops.cast(tokens / ops.maximum(ops.sum(tokens, axis=1, keepdims=True), 1), values.dtype)
        return Memory(weights, ops.matmul(weights[:, None, :], values), mask)


class FinalState(Constant):
    """The encoder's final state at every target position (Cho et al. 2014; Britz et al. 2017, `Input`).

    It is the annotation of the last token, or, from a bidirectional encoder, that annotation's forward half joined to
    the backward half of the first token's; the weights are then one half each on these two tokens.
    """

    def __init__(self, *, bidirectional: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bidirectional = bidirectional

    def prepare(self, values: Tensor, mask: Tensor) -> Memory:
        """Finds the annotations of both ends."""
        tokens = ops.cast(mask, values.dtype)
        # (batch, source): 1 at the last token, whose right neighbour is padding; below, at the first one likewise.
        last = tokens * (1 - ops.pad(tokens[:, 1:], ((0, 0), (0, 1))))
        at_last = ops.matmul(last[:, None, :], values)
        if not self.bidirectional:
            return Memory(last, at_last, mask)
        first = tokens * (1 - ops.pad(tokens[:, :-1], ((0, 0), (1, 0))))
        at_first = ops.matmul(first[:, None, :], values)
        half = values.shape[-1] // 2
        context = ops.concatenate([at_last[:, :, :half], at_first[:, :, half:]], axis=-1)
        return Memory((last + first) / 2, context, mask)
