"""The mechanism that most papers mean: score, scale, mask, softmax, weighted sum."""

from typing import Any

from keras import ops

from attnbench import backend
from attnbench.attention.mechanism import Attention, Memory
from attnbench.attention.weighting import masked_softmax


class ScoredAttention(Attention):
    """context = Σ_s weights_s values_s, where weights = softmax_s(scale · score(query, keys_s)).

    Args:
        score: a layer of `scores.py`: `keys(values)`, `scores(query, keys)`, `units`.
        scale: "none"; "sqrt_units", 1/√units (Vaswani et al. 2017, section 3.2.1); or "learned", one scalar that starts
            at 1 (Luong's scaled variant in tensorflow/nmt).
    """

    def __init__(self, score: Any, *, scale: str = "none", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if scale not in ("none", "sqrt_units", "learned"):
            raise ValueError(f"Unknown scale {scale!r}. Known: none, sqrt_units, learned.")
        self.score, self.scale = score, scale

    def build(self, query_shape: Any, values_shape: Any, mask_shape: Any = None) -> None:
        """Creates the score's weights, and the learned scale."""
        self.score.build(query_shape, values_shape)
        if self.scale == "learned":
            self.scale_factor = self.add_weight((), "ones", name="scale_factor")
        self.built = True

    def prepare(self, values: Any, mask: Any) -> Memory:
        """Projects the keys, once a batch."""
        return Memory(self.score.keys(values), values, mask)

    def attend(self, query: Any, memory: Memory, state: Any) -> tuple[Any, Any, Any]:
        """One query a sentence; see `Attention.attend`."""
        scores = self._scaled(self.score.scores(query, memory.keys))
        weights = masked_softmax(scores, memory.mask)
        return backend.vecmat(weights, memory.values), weights, state

    def attend_all(self, queries: Any, memory: Memory) -> tuple[Any, Any]:
        """All target positions at once, unless one needs the one before."""
        if self.recurrent:
            return super().attend_all(queries, memory)
        scores = self._scaled(self.score.scores(ops.swapaxes(queries, 0, 1), memory.keys))
        weights = masked_softmax(scores, memory.mask[:, None, :])
        contexts = ops.matmul(weights, memory.values)
        return ops.swapaxes(contexts, 0, 1), ops.swapaxes(weights, 0, 1)

    def _scaled(self, scores: Any) -> Any:
        if self.scale == "sqrt_units":
            return scores * self.score.units**-0.5
        if self.scale == "learned":
            return scores * ops.cast(self.scale_factor, scores.dtype)
        return scores
