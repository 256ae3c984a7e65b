"""Every score with every scale against a NumPy float64 oracle of its own derivation, forward and gradient."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest

from attnbench.mechanisms import SCALES, SCORES
from tests.attention.mechanisms import make

Array = npt.NDArray[np.float64]

BATCH, TARGET, SOURCE, ATTENTION_UNITS, QUERY_UNITS, VALUE_UNITS = 2, 3, 5, 7, 11, 13
MASK = np.arange(SOURCE) < np.array([[5], [3]])
TOLERANCE = {"float64": 1e-9, "float32": 1e-5, "mixed_bfloat16": 2e-2}


class Scored(NamedTuple):
    """Unscaled scores (batch, target, source), the units that the scale divides by, and the way back.

    `backward` takes the gradient of the scores to those of query, values and weights by name.
    """

    scores: Array
    units: int
    backward: Callable[[Array], tuple[Array, Array, dict[str, Array]]]


def additive(query: Array, values: Array, weights: dict[str, Array]) -> Scored:
    w1, w2, v = weights["query_kernel"], weights["key_kernel"], weights["score_vector"]
    matched = np.tanh((query @ w1)[:, :, None, :] + (values @ w2)[:, None, :, :])

    def backward(slope: Array) -> tuple[Array, Array, dict[str, Array]]:
        inner = slope[..., None] * v * (1 - matched**2)
        of_query, of_keys = inner.sum(axis=2), inner.sum(axis=1)
        of_weights = {
            "query_kernel": np.einsum("btd,btu->du", query, of_query),
            "key_kernel": np.einsum("bsd,bsu->du", values, of_keys),
            "score_vector": np.einsum("bts,btsu->u", slope, matched),
        }
        return of_query @ w1.T, of_keys @ w2.T, of_weights

    return Scored(matched @ v, len(v), backward)


def dot(query: Array, values: Array, weights: dict[str, Array]) -> Scored:
    def backward(slope: Array) -> tuple[Array, Array, dict[str, Array]]:
        return slope @ values, slope.swapaxes(1, 2) @ query, {}

    return Scored(query @ values.swapaxes(1, 2), values.shape[-1], backward)


def general(query: Array, values: Array, weights: dict[str, Array]) -> Scored:
    w = weights["key_kernel"]

    def backward(slope: Array) -> tuple[Array, Array, dict[str, Array]]:
        of_keys = slope.swapaxes(1, 2) @ query
        return slope @ (values @ w), of_keys @ w.T, {"key_kernel": np.einsum("bsd,bsu->du", values, of_keys)}

    return Scored(np.einsum("btq,dq,bsd->bts", query, w, values), query.shape[-1], backward)


ORACLES = {"additive": additive, "dot": dot, "general": general}
FACTORS: dict[str, Callable[[int, dict[str, Array]], Any]] = {
    "none": lambda units, weights: 1,
    "sqrt_units": lambda units, weights: 1 / np.sqrt(units),
    "learned": lambda units, weights: weights["scale_factor"],
}


class Result(NamedTuple):
    """What the oracle computes.

    `gradients` belong to sum(of_context · context) + sum(of_weights · weights). The gradient of a learned scale is one
    number, a sum over all scores; `scale_terms` are what it sums, for their signs cancel most of them.
    """

    context: Array
    weights: Array
    gradients: dict[str, Array]
    scale_terms: Array


def oracle(
    score: str, scale: str, query: Array, values: Array, weights: dict[str, Array], of_context: Array, of_weights: Array
) -> Result:
    scored = ORACLES[score](query, values, weights)
    factor = FACTORS[scale](scored.units, weights)
    exponentials = np.exp(factor * scored.scores) * MASK[:, None, :]
    attention = exponentials / exponentials.sum(axis=-1, keepdims=True)
    of_attention = of_weights + of_context @ values.swapaxes(1, 2)
    slope = attention * (of_attention - (attention * of_attention).sum(axis=-1, keepdims=True))
    of_query, of_values, gradients = scored.backward(factor * slope)
    if scale == "learned":
        gradients["scale_factor"] = np.sum(slope * scored.scores)
    gradients |= {"query": of_query, "values": of_values + attention.swapaxes(1, 2) @ of_context}
    return Result(attention @ values, attention, gradients, slope * scored.scores)


def numbers(score: str, scale: str) -> tuple[dict[str, Array], dict[str, Array]]:
    """Arguments and weights, exact in bfloat16, so that every precision computes the same thing."""
    generator = np.random.default_rng(17)
    units = VALUE_UNITS if SCORES[score].equal_sizes else QUERY_UNITS
    shapes: dict[str, tuple[int, ...]] = {
        "query": (BATCH, TARGET, units),
        "values": (BATCH, SOURCE, VALUE_UNITS),
        "of_context": (BATCH, TARGET, VALUE_UNITS),
        "of_weights": (BATCH, TARGET, SOURCE),
    }
    layer = make(score, units=ATTENTION_UNITS, scale=scale)
    layer.build(shapes["query"], shapes["values"])
    weight_shapes = {weight.name: tuple(weight.shape) for weight in (*layer.score.weights, *layer.weights)}

    def draw(shape: tuple[int, ...]) -> Array:
        return np.asarray(generator.normal(scale=0.5, size=shape)).astype(ml_dtypes.bfloat16).astype(np.float64)

    return {name: draw(shape) for name, shape in shapes.items()}, {
        name: draw(shape) for name, shape in weight_shapes.items()
    }


@pytest.fixture(params=TOLERANCE)
def tolerance(request: pytest.FixtureRequest) -> Iterator[float]:
    """Sets one precision after the other; the tolerance is relative to the norm of an array."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield TOLERANCE[request.param]
    keras.config.set_dtype_policy(before)


def assert_close(found: Any, expected: Array, tolerance: float, size: float | None = None) -> None:
    found = np.asarray(found).astype(np.float64)
    assert found.shape == expected.shape
    assert np.linalg.norm(found - expected) <= tolerance * (size or np.linalg.norm(expected))


def built(score: str, scale: str, arguments: dict[str, Array], weights: dict[str, Array]) -> Any:
    layer = make(score, units=ATTENTION_UNITS, scale=scale)
    layer.build(arguments["query"].shape, arguments["values"].shape)
    for variable in layer.weights:
        variable.assign(weights[variable.name])
    return layer


def test_every_score_and_scale_of_the_table_has_an_oracle() -> None:
    assert (set(ORACLES), set(FACTORS)) == (set(SCORES), set(SCALES)), "add the equation to ORACLES or FACTORS above"


@pytest.mark.parametrize("scale", FACTORS)
@pytest.mark.parametrize("score", ORACLES)
def test_context_and_weights_equal_the_oracle(score: str, scale: str, tolerance: float) -> None:
    arguments, weights = numbers(score, scale)
    expected = oracle(score, scale, **arguments, weights=weights)
    layer = built(score, scale, arguments, weights)
    context, found = layer(arguments["query"], arguments["values"], MASK)
    assert_close(context, expected.context, tolerance)
    assert_close(found, expected.weights, tolerance)


@pytest.mark.parametrize("scale", FACTORS)
@pytest.mark.parametrize("score", ORACLES)
def test_gradients_equal_the_oracle(
    score: str, scale: str, tolerance: float, gradients: Callable[..., list[Array | None]]
) -> None:
    arguments, weights = numbers(score, scale)
    expected = oracle(score, scale, **arguments, weights=weights)
    layer = built(score, scale, arguments, weights)

    def loss(query: Any, values: Any) -> Any:
        context, found = (keras.ops.cast(x, "float64") for x in layer(query, values, MASK))
        return keras.ops.sum(context * arguments["of_context"]) + keras.ops.sum(found * arguments["of_weights"])

    names = ["query", "values", *(variable.name for variable in layer.weights)]
    found = gradients(loss, [arguments["query"], arguments["values"]], layer.weights)
    assert set(names) == set(expected.gradients)
    sizes = {"scale_factor": float(np.abs(expected.scale_terms).sum())}
    for name, gradient in zip(names, found, strict=True):
        assert_close(gradient, expected.gradients[name], tolerance, sizes.get(name))


@pytest.mark.parametrize("scale", FACTORS)
@pytest.mark.parametrize("score", ORACLES)
def test_the_oracles_gradients_are_its_slopes(score: str, scale: str) -> None:
    arguments, weights = numbers(score, scale)
    of_context, of_weights = arguments.pop("of_context"), arguments.pop("of_weights")
    point = arguments | weights

    def result(at: dict[str, Array]) -> Result:
        named = {name: at[name] for name in weights}
        return oracle(score, scale, at["query"], at["values"], named, of_context, of_weights)

    def loss(at: dict[str, Array]) -> float:
        context, found = result(at)[:2]
        return float(np.sum(context * of_context) + np.sum(found * of_weights))

    generator = np.random.default_rng(19)
    for name, gradient in result(point).gradients.items():
        direction = 1e-5 * np.asarray(generator.normal(size=gradient.shape))
        forth, back = point | {name: point[name] + direction}, point | {name: point[name] - direction}
        assert (loss(forth) - loss(back)) / 2 == pytest.approx(np.sum(gradient * direction), rel=1e-6, abs=1e-12)
