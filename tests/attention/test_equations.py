"""Each score against its equation, in numbers that can be worked out by hand."""

import math
from typing import Any

import keras
import numpy as np
import pytest

from attnbench.attention import build
from attnbench.attention.weighting import Softmax

LN3 = math.log(3)

# Two tokens and one place of padding that no mechanism may look at.
VALUES = np.array([[[1.0, 0.0], [0.0, 1.0], [50.0, 70.0]]])
MASK = np.array([[True, True, False]])


@pytest.fixture(autouse=True)
def float64() -> Any:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(before)


def attended(layer: Any, query: list[float], values: Any = VALUES, **weights: Any) -> tuple[list[float], list[float]]:
    """Context and weights of one query, after the named weights took the given values."""
    layer.build((1, len(query)), values.shape)
    for variable in layer.weights:
        variable.assign(weights.pop(variable.name))
    assert not weights
    context, found = layer(np.array([query], dtype=np.float64), values, MASK)
    return np.asarray(context)[0].tolist(), np.asarray(found)[0].tolist()


def three_to_one(result: tuple[list[float], list[float]]) -> None:
    """Scores ln 3 and 0: exp(ln 3) : exp(0) = 3 : 1; the values are the unit vectors, so the context repeats them."""
    context, weights = result
    assert weights == pytest.approx([3 / 4, 1 / 4, 0])
    assert context == pytest.approx([3 / 4, 1 / 4])


def test_dot_scores_the_product_of_query_and_value() -> None:
    # (ln 3, 0) · (1, 0) = ln 3 and (ln 3, 0) · (0, 1) = 0
    three_to_one(attended(build("dot"), [LN3, 0]))


def test_general_scores_the_product_of_query_and_projected_value() -> None:
    # the kernel takes (1, 0) to (0, 0, ln 3) and (0, 1) to (7, 0, 0); the query picks the third
    three_to_one(attended(build("general"), [0, 0, 1], key_kernel=[[0, 0, LN3], [7, 0, 0]]))


def test_additive_scores_the_tanh_of_both_projections() -> None:
    # query 1/2 -> a/2 by W1; value (1, 0) -> a/2, (0, 1) -> -a/2 by W2: tanh(a) = 1/2 and tanh(0) = 0, times 2 ln 3
    a = math.atanh(1 / 2)
    layer = build("additive", units=1)
    three_to_one(attended(layer, [0.5], query_kernel=[[a]], key_kernel=[[a / 2], [-a / 2]], score_vector=[2 * LN3]))


def test_additive_sums_over_its_units() -> None:
    # both units see tanh(a) = 1/2 for the first value, and one of them for the second: ln 3 + ln 5 against ln 5
    a = math.atanh(1 / 2)
    layer = build("additive", units=2)
    kernels = {"query_kernel": [[0, 0]], "key_kernel": [[a, a], [0, a]], "score_vector": [2 * LN3, 2 * math.log(5)]}
    three_to_one(attended(layer, [11], **kernels))


def test_the_biases_of_additive_enter_the_tanh_and_the_score() -> None:
    # a/4 + a/4 + (a/2 or -a/2); the score's own bias moves both scores alike
    a = math.atanh(1 / 2)
    layer = build("additive", units=1, use_bias=True)
    weights = {"query_kernel": [[0]], "key_kernel": [[a / 2], [-a / 2]], "score_vector": [2 * LN3]}
    biases = {"query_bias": [a / 4], "key_bias": [a / 4], "score_bias": 17}
    three_to_one(attended(layer, [11], **weights, **biases))


def test_the_bias_of_general_moves_every_score_alike() -> None:
    layer = build("general", use_bias=True)
    three_to_one(attended(layer, [1], key_kernel=[[LN3], [0]], key_bias=[17]))


def test_sqrt_units_divides_the_scores_of_dot_by_the_root_of_the_values_units() -> None:
    # 2 ln 3 / sqrt(4) = ln 3
    values = np.eye(4)[None, :3]
    context, weights = attended(build("dot", scale="sqrt_units"), [2 * LN3, 0, 0, 0], values)
    assert weights == pytest.approx([3 / 4, 1 / 4, 0])
    assert context == pytest.approx([3 / 4, 1 / 4, 0, 0])


def test_sqrt_units_divides_the_scores_of_general_by_the_root_of_the_querys_units() -> None:
    layer = build("general", scale="sqrt_units")
    three_to_one(attended(layer, [2, 0, 0, 0], key_kernel=[[LN3, 0, 0, 0], [0, 1, 0, 0]]))


def test_sqrt_units_divides_the_scores_of_additive_by_the_root_of_the_attention_units() -> None:
    # each of four units gives tanh(a) ln 3 = ln(3) / 2: their sum 2 ln 3 is divided by sqrt(4)
    a = math.atanh(1 / 2)
    kernels = {"query_kernel": [[0] * 4], "key_kernel": [[a] * 4, [0] * 4], "score_vector": [LN3] * 4}
    three_to_one(attended(build("additive", units=4, scale="sqrt_units"), [11], **kernels))


def test_a_learned_scale_multiplies_the_scores() -> None:
    three_to_one(attended(build("dot", scale="learned"), [2 * LN3, 0], scale_factor=1 / 2))


def test_a_learned_scale_starts_at_one() -> None:
    layer: Any = build("dot", scale="learned")
    layer.build((1, 2), VALUES.shape)
    assert [(v.name, float(v.value)) for v in layer.weights] == [("scale_factor", 1)]


def test_uniform_is_the_mean_of_the_tokens() -> None:
    context, weights = attended(build("uniform"), [11])
    assert weights == pytest.approx([1 / 2, 1 / 2, 0])
    assert context == pytest.approx([1 / 2, 1 / 2])


def test_the_final_state_of_one_direction_is_the_last_tokens_annotation() -> None:
    context, weights = attended(build("final_state", bidirectional=False), [11])
    assert (context, weights) == ([0, 1], [0, 1, 0])


def test_the_final_state_of_both_directions_joins_last_forward_and_first_backward() -> None:
    values = np.array([[[2.0, 3.0, 5.0, 7.0], [11.0, 13.0, 17.0, 19.0], [50.0, 70.0, 50.0, 70.0]]])
    context, weights = attended(build("final_state", bidirectional=True), [11], values)
    assert (context, weights) == ([11, 13, 5, 7], [1 / 2, 1 / 2, 0])


def test_the_softmax_of_large_scores_neither_overflows_nor_vanishes() -> None:
    weights = Softmax()(keras.ops.array([[5000 + LN3, 5000], [-5000, -5000 - LN3]], "float64"), np.ones((2, 2), bool))
    assert np.asarray(weights) == pytest.approx(np.array([[3 / 4, 1 / 4], [3 / 4, 1 / 4]]))


def test_the_softmax_ignores_the_largest_score_on_padding() -> None:
    weights = Softmax()(keras.ops.array([[LN3, 0, 5000]], "float64"), MASK)
    assert np.asarray(weights) == pytest.approx(np.array([[3 / 4, 1 / 4, 0]]))
    assert np.asarray(weights)[0, 2] == 0
