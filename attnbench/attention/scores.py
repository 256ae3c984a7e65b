"""Scores: how well a query and each annotation match. Scale, mask and softmax come after, in `scored.py`."""

from typing import Any

from keras import ops

from attnbench import backend
from attnbench.attention.seeded import SeededLayer


class Additive(SeededLayer):
    """score = v·tanh(W1 q + W2 k) (Bahdanau et al. 2015, appendix A.1.2; there W_a, U_a, v_a).

    With `use_bias` each of the three products adds a bias, as a Dense layer does.
    """

    def __init__(self, units: int, *, use_bias: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.use_bias = units, use_bias

    def build(self, query_shape: Any, values_shape: Any) -> None:
        """Creates W1, W2 and v, and their biases."""
        self.query_kernel = self.add_weight((query_shape[-1], self.units), "glorot_uniform", name="query_kernel")
        self.key_kernel = self.add_weight((values_shape[-1], self.units), "glorot_uniform", name="key_kernel")
        self.score_vector = self.add_weight((self.units,), "glorot_uniform", name="score_vector")
        if self.use_bias:
            self.query_bias = self.add_weight((self.units,), "zeros", name="query_bias")
            self.key_bias = self.add_weight((self.units,), "zeros", name="key_bias")
            self.score_bias = self.add_weight((), "zeros", name="score_bias")
        self.built = True

    def keys(self, values: Any) -> Any:
        """(batch, source, units) -> (batch, source, attention units)."""
        keys = backend.product(values, self.key_kernel)
        return keys + ops.cast(self.key_bias, keys.dtype) if self.use_bias else keys

    def scores(self, query: Any, keys: Any) -> Any:
        """(batch, [target,] query units) and (batch, source, attention units) -> (batch, [target,] source).

        Target positions are scored one after another: (batch, target, source, units) would be far too much memory.
        """
        projected = backend.product(query, self.query_kernel)
        if self.use_bias:
            projected = projected + ops.cast(self.query_bias, projected.dtype)
        constants = keys, ops.cast(self.score_vector, keys.dtype)[:, None]
        if len(query.shape) == 2:
            scores = _matched(projected, *constants)
        else:
            _, scores = backend.scan(
                lambda state, projected, constants: (state, _matched(projected, *constants)),
                (),
                ops.swapaxes(projected, 0, 1),
                constants=constants,
            )
            scores = ops.swapaxes(scores, 0, 1)
        return scores + ops.cast(self.score_bias, scores.dtype) if self.use_bias else scores


def _matched(projected: Any, keys: Any, vector: Any) -> Any:
    """v·tanh(projected + keys): (batch, units), (batch, source, units) and (units, 1) -> (batch, source)."""
    return ops.squeeze(ops.matmul(backend.tanh(projected[:, None, :] + keys), vector), -1)


class Dot(SeededLayer):
    """score = q·k (Luong et al. 2015, section 3.1, `dot`); no weights, equal sizes."""

    def build(self, query_shape: Any, values_shape: Any) -> None:
        """Checks the sizes.

        Raises:
            ValueError: query and values have unequal units.
        """
        if query_shape[-1] != values_shape[-1]:
            raise ValueError(
                f"dot needs equal sizes: the query has {query_shape[-1]} units, the values {values_shape[-1]}. "
                "Use attention=general, or model.encoder_size=null."
            )
        self.units = values_shape[-1]
        self.built = True

    def keys(self, values: Any) -> Any:
        """The values themselves."""
        return values

    def scores(self, query: Any, keys: Any) -> Any:
        """(batch, [target,] query units) and (batch, source, query units) -> (batch, [target,] source)."""
        if len(query.shape) == 2:
            return backend.matvec(keys, query)
        return ops.matmul(query, ops.transpose(keys, (0, 2, 1)))


class General(Dot):
    """score = q·W k (Luong et al. 2015, section 3.1, `general`); W k is computed once a batch."""

    def __init__(self, *, use_bias: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_bias = use_bias

    def build(self, query_shape: Any, values_shape: Any) -> None:
        """Creates W, and its bias."""
        self.units = query_shape[-1]
        self.key_kernel = self.add_weight((values_shape[-1], self.units), "glorot_uniform", name="key_kernel")
        if self.use_bias:
            self.key_bias = self.add_weight((self.units,), "zeros", name="key_bias")
        self.built = True

    def keys(self, values: Any) -> Any:
        """(batch, source, units) -> (batch, source, query units)."""
        keys = backend.product(values, self.key_kernel)
        return keys + ops.cast(self.key_bias, keys.dtype) if self.use_bias else keys
