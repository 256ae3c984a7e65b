"""The mechanism that most papers mean: score, scale, mask, softmax, weighted sum."""

from typing import Any

from keras import ops

from attnbench import backend
from attnbench.attention.mechanism import Attention, Memory
from attnbench.attention.scores import Score
from attnbench.attention.weighting import Softmax, Unscaled
from attnbench.tensors import Shape, Structure, Tensor


class ScoredAttention(Attention):
    """context = Σ_s weights_s values_s, where weights = weighting_s(scale(score(query, keys_s))).

    Args:
        score: a layer of `scores.py`.
        scale: an object of `weighting.py`; scores as they are by default.
        weighting: an object of `weighting.py`; softmax by default.
    """

    def __init__(
        self, score: Score, *, scale: Unscaled | None = None, weighting: Softmax | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.score, self.scale, self.weighting = score, scale or Unscaled(), weighting or Softmax()

    def build(self, query_shape: Shape, values_shape: Shape, mask_shape: Shape | None = None) -> None:
        """Creates the weights of score and scale."""
        self.score.build(query_shape, values_shape)
        self.scale.build(self)
        super().build(query_shape, values_shape, mask_shape)

    def prepare(self, values: Tensor, mask: Tensor) -> Memory:
        """Projects the keys, once a batch."""
        return Memory(self.score.keys(values), values, mask)

    def attend(self, query: Tensor, memory: Memory, state: Structure) -> tuple[Tensor, Tensor, Structure]:
        """One query a sentence; see `Attention.attend`."""
        weights = self.weighting(self._scaled_scores(query, memory.keys), memory.mask)
        return backend.vecmat(weights, memory.values), weights, state

    def attend_all(self, queries: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """All target positions at once, unless one needs the one before."""
        if self.recurrent:
            return super().attend_all(queries, memory)
        # (target, batch, query units) -> scores and weights (batch, target, source) -> contexts (batch, target, units)
        weights = self.weighting(self._scaled_scores(ops.swapaxes(queries, 0, 1), memory.keys), memory.mask[:, None, :])
        contexts = ops.matmul(weights, memory.values)
        return ops.swapaxes(contexts, 0, 1), ops.swapaxes(weights, 0, 1)

    def flops(self, *, source_tokens: float, target_tokens: float) -> float | None:
        """The score's products, and for each target token the weighted sum of the values; see `Attention.flops`."""
        of_score = self.score.flops(source_tokens=source_tokens, target_tokens=target_tokens)
        return None if of_score is None else of_score + 2.0 * target_tokens * source_tokens * self.value_units

    def _scaled_scores(self, query: Tensor, keys: Tensor) -> Tensor:
        return self.scale(self.score.scores(query, keys), self.score.units)
