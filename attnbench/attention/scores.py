"""Scores: how well a query and each annotation match. Scale, mask and softmax come after, in `scored.py`."""

from typing import Any

from keras import ops

from attnbench import backend
from attnbench.attention.seeded import SeededLayer, product_flops
from attnbench.mechanisms import check_sizes
from attnbench.tensors import Shape, Tensor


class Score(SeededLayer):
    """Base class: a score defines `build` and `scores`.

    Attributes:
        units: how many products a score sums; set by `build` at the latest.
        key_kernel, key_bias: what `build` makes where keys are projected values, with a bias or without.
    """

    units: int
    key_kernel: Tensor = None
    key_bias: Tensor = None

    def keys(self, values: Tensor) -> Tensor:
        """What queries are scored against, once a batch: (batch, source, units) -> (batch, source, ...)."""
        keys = values if self.key_kernel is None else backend.product(values, self.key_kernel)
        return keys if self.key_bias is None else keys + ops.cast(self.key_bias, keys.dtype)

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """(batch, [target,] query units) and what `keys` returns -> (batch, [target,] source)."""
        raise NotImplementedError

    def flops(self, *, source_tokens: float, target_tokens: float) -> float | None:
        """FLOPs of projections and scores; see `Attention.flops`."""
        return None


class Additive(Score):
    """score = v·tanh(W1 q + W2 k) (Bahdanau et al. 2015, appendix A.1.2; there W_a, U_a, v_a).

    With `use_bias` each of the three products adds a bias, as a Dense layer does.
    """

    def __init__(self, units: int, *, use_bias: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.use_bias = units, use_bias

    def build(self, query_shape: Shape, values_shape: Shape) -> None:
        """Creates W1, W2 and v, and their biases."""
        self.query_kernel = self.add_weight((query_shape[-1], self.units), "glorot_uniform", name="query_kernel")
        self.key_kernel = self.add_weight((values_shape[-1], self.units), "glorot_uniform", name="key_kernel")
        self.score_vector = self.add_weight((self.units,), "glorot_uniform", name="score_vector")
        if self.use_bias:
            self.query_bias = self.add_weight((self.units,), "zeros", name="query_bias")
            self.key_bias = self.add_weight((self.units,), "zeros", name="key_bias")
            self.score_bias = self.add_weight((), "zeros", name="score_bias")
        self.built = True

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """(batch, [target,] query units) and (batch, source, attention units) -> (batch, [target,] source).

        Target positions are scored one after another: (batch, target, source, units) would be far too much memory.
        """
        projected = backend.product(query, self.query_kernel)
        if self.use_bias:
            projected = projected + ops.cast(self.query_bias, projected.dtype)
        constants = keys, ops.cast(self.score_vector, keys.dtype)[:, None]
        if len(query.shape) == 2:
            scores = _additive_scores(projected, *constants)
        else:
            # The loop runs over its leading axis: (batch, target, units) -> (target, batch, units), and back.
            _, scores = backend.scan(
                lambda state, projected, constants: (state, _additive_scores(projected, *constants)),
                (),
                ops.swapaxes(projected, 0, 1),
                constants=constants,
            )
            scores = ops.swapaxes(scores, 0, 1)
        return scores + ops.cast(self.score_bias, scores.dtype) if self.use_bias else scores

    def flops(self, *, source_tokens: float, target_tokens: float) -> float:
        """See `Score.flops`; v·tanh(...) is a product for each pair of a source and a target token."""
        projections = source_tokens * product_flops(self.key_kernel) + target_tokens * product_flops(self.query_kernel)
        return projections + source_tokens * target_tokens * product_flops(self.score_vector)


def _additive_scores(projected: Tensor, keys: Tensor, vector: Tensor) -> Tensor:
    """v·tanh(projected + keys): (batch, units), (batch, source, units) and (units, 1) -> (batch, source)."""
    return ops.squeeze(ops.matmul(backend.tanh(projected[:, None, :] + keys), vector), -1)


class Dot(Score):
    """score = q·k (Luong et al. 2015, section 3.1, `dot`); no weights, equal sizes."""

    def build(self, query_shape: Shape, values_shape: Shape) -> None:
        """Checks the sizes.

        Raises:
            ValueError: query and values have unequal units.
        """
        check_sizes("dot", query_units=query_shape[-1], value_units=values_shape[-1])
        self.units = values_shape[-1]
        self.built = True

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """(batch, [target,] query units) and (batch, source, query units) -> (batch, [target,] source)."""
        if len(query.shape) == 2:
            return backend.matvec(keys, query)
        return ops.matmul(query, ops.transpose(keys, (0, 2, 1)))

    def flops(self, *, source_tokens: float, target_tokens: float) -> float:
        """See `Score.flops`."""
        return 2.0 * source_tokens * target_tokens * self.units


class General(Dot):
    """score = q·W k (Luong et al. 2015, section 3.1, `general`); W k is computed once a batch."""

    def __init__(self, *, use_bias: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_bias = use_bias

    def build(self, query_shape: Shape, values_shape: Shape) -> None:
        """Creates W, and its bias."""
        self.units = query_shape[-1]
        self.key_kernel = self.add_weight((values_shape[-1], self.units), "glorot_uniform", name="key_kernel")
        if self.use_bias:
            self.key_bias = self.add_weight((self.units,), "zeros", name="key_bias")
        self.built = True

    def flops(self, *, source_tokens: float, target_tokens: float) -> float:
        """See `Score.flops`."""
        scores = super().flops(source_tokens=source_tokens, target_tokens=target_tokens)
        return scores + source_tokens * product_flops(self.key_kernel)
