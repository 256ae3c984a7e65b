"""Contexts that do not depend on the query: the baselines between no context at all and attention."""

from typing import Any

from keras import ops

from attnbench.attention.mechanism import Attention, Memory


class Uniform(Attention):
    """The mean of the annotations at every target position."""

    def prepare(self, values: Any, mask: Any) -> Memory:
        """The keys are the weights: 1/length on tokens, 0 on padding, (batch, source)."""
        tokens = ops.cast(mask, "float32" if values.dtype != "float64" else "float64")
        weights = tokens / ops.maximum(ops.sum(tokens, axis=1, keepdims=True), 1)
        return Memory(ops.cast(weights, values.dtype), values, mask)

    def attend(self, query: Any, memory: Memory, state: Any) -> tuple[Any, Any, Any]:
        """One query a sentence; see `Attention.attend`."""
        return ops.squeeze(ops.matmul(memory.keys[:, None, :], memory.values), 1), memory.keys, state


class FinalState(Attention):
    """The encoder's final state at every target position (Cho et al. 2014; Britz et al. 2017, `Input`).

    It is the annotation of the last token, or, from a bidirectional encoder, that annotation's forward half joined to
    the backward half of the first token's; the weights are then one half each on these two places.
    """

    def __init__(self, *, bidirectional: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bidirectional = bidirectional

    def prepare(self, values: Any, mask: Any) -> Memory:
        """The keys are the weights of both ends, (batch, source, 2): last token, first token."""
        tokens = ops.cast(mask, values.dtype)
        after = ops.concatenate([tokens[:, 1:], ops.zeros_like(tokens[:, :1])], axis=1)
        before = ops.concatenate([ops.zeros_like(tokens[:, :1]), tokens[:, :-1]], axis=1)
        return Memory(ops.stack([tokens * (1 - after), tokens * (1 - before)], axis=-1), values, mask)

    def attend(self, query: Any, memory: Memory, state: Any) -> tuple[Any, Any, Any]:
        """One query a sentence; see `Attention.attend`."""
        ends = ops.matmul(ops.transpose(memory.keys, (0, 2, 1)), memory.values)
        if not self.bidirectional:
            return ends[:, 0], memory.keys[:, :, 0], state
        half = memory.values.shape[-1] // 2
        context = ops.concatenate([ends[:, 0, :half], ends[:, 1, half:]], axis=-1)
        return context, ops.mean(memory.keys, axis=-1), state
