"""The three formulas of the article, written out with Dense layers, give the package's contexts and weights.

They are the plain form in which tutorials show them: Dense layers with biases, keys and values the encoder's hidden
states `(batch, source, units)`, one query a sentence `(batch, query units)`.
"""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from keras import ops
from keras.layers import Dense

from attnbench import backend
from attnbench.attention import build

BATCH, SOURCE, ATTENTION_UNITS, QUERY_UNITS, VALUE_UNITS = 2, 5, 7, 11, 13


class BahdanauAttention(keras.layers.Layer):
    """score = V(tanh(W1(query) + W2(values)))."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.w1, self.w2, self.v = Dense(units), Dense(units), Dense(1)

    def call(self, query: Any, values: Any) -> tuple[Any, Any]:
        score = self.v(backend.tanh(self.w1(query)[:, None, :] + self.w2(values)))
        weights = ops.softmax(score, axis=1)
        return ops.sum(weights * values, axis=1), weights[:, :, 0]


class LuongDotAttention(keras.layers.Layer):
    """score = query · values."""

    def call(self, query: Any, values: Any) -> tuple[Any, Any]:
        score = ops.sum(query[:, None, :] * values, axis=-1)
        weights = ops.softmax(score, axis=1)
        return ops.sum(weights[:, :, None] * values, axis=1), weights


class LuongGeneralAttention(keras.layers.Layer):
    """score = query · W(values)."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.w = Dense(units)

    def call(self, query: Any, values: Any) -> tuple[Any, Any]:
        score = ops.sum(query[:, None, :] * self.w(values), axis=-1)
        weights = ops.softmax(score, axis=1)
        return ops.sum(weights[:, :, None] * values, axis=1), weights


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(before)


def numbers(query_units: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    generator = np.random.default_rng(23)
    return generator.normal(size=(BATCH, query_units)), generator.normal(size=(BATCH, SOURCE, VALUE_UNITS))


def assert_equal_with_the_same_weights(article: Any, ours: Any, query_units: int, names: dict[str, Any]) -> None:
    """Draws the article's weights, biases too, copies them by name, and compares both results."""
    query, values = numbers(query_units)
    article(query, values)
    ours.build(query.shape, values.shape)
    generator = np.random.default_rng(29)
    assert {variable.name for variable in ours.weights} == set(names)
    for variable in ours.weights:
        theirs = names[variable.name](article)
        theirs.assign(generator.normal(size=theirs.shape))
        variable.assign(ops.reshape(theirs.value, variable.shape))
    for found, expected in zip(ours(query, values, mask=None), article(query, values), strict=True):
        assert np.asarray(found) == pytest.approx(np.asarray(expected), rel=1e-9, abs=1e-12)


def test_bahdanau_is_the_articles() -> None:
    ours = build("additive", units=ATTENTION_UNITS, use_bias=True)
    names = {
        "query_kernel": lambda article: article.w1.kernel,
        "query_bias": lambda article: article.w1.bias,
        "key_kernel": lambda article: article.w2.kernel,
        "key_bias": lambda article: article.w2.bias,
        "score_vector": lambda article: article.v.kernel,
        "score_bias": lambda article: article.v.bias,
    }
    assert_equal_with_the_same_weights(BahdanauAttention(ATTENTION_UNITS), ours, QUERY_UNITS, names)


def test_luong_dot_is_the_articles() -> None:
    assert_equal_with_the_same_weights(LuongDotAttention(), build("dot"), VALUE_UNITS, {})


def test_luong_general_is_the_articles() -> None:
    ours = build("general", use_bias=True)
    names = {"key_kernel": lambda article: article.w.kernel, "key_bias": lambda article: article.w.bias}
    assert_equal_with_the_same_weights(LuongGeneralAttention(QUERY_UNITS), ours, QUERY_UNITS, names)
