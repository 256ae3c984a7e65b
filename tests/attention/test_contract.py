"""What every mechanism promises, the registered ones and a stranger's alike."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import pytest
from keras import ops

from attnbench import backend
from attnbench.attention import Memory
from attnbench.attention.building import Called
from attnbench.attention.scores import General
from attnbench.mechanisms import FACTORS
from tests.attention.mechanisms import COMBINATIONS, Coverage, Stranger, Tiring, make

Array = npt.NDArray[np.float64]

BATCH, TARGET, SOURCE, ATTENTION_UNITS, QUERY_UNITS, VALUE_UNITS = 2, 3, 5, 7, 11, 2 * 13
LENGTHS = np.array([5, 3])
MASK = np.arange(SOURCE) < LENGTHS[:, None]


REGISTERED = {
    " ".join([score, *options.values()]): partial(make, score, units=ATTENTION_UNITS, **options)
    for score, options in COMBINATIONS
}
CASES: dict[str, Callable[[], Any]] = REGISTERED | {
    "a stranger's": lambda: Called(Stranger(VALUE_UNITS), name="attention"),
    "recurrent": lambda: Coverage(name="attention"),
    "general, recurrent": lambda: Tiring(General(name="score"), name="attention"),
}
TOLERANCE = {"float64": 1e-9, "float32": 1e-5, "mixed_bfloat16": 2e-2}


class Case(NamedTuple):
    """A built mechanism, arguments that fit it, and the tolerance of the precision it computes in."""

    layer: Any
    query: Array
    values: Array
    tolerance: float

    def __call__(self, query: Any = None, values: Any = None, mask: Any = MASK) -> tuple[Array, Array]:
        """Contexts and weights, of the case's own arguments where none are given."""
        query = self.query if query is None else query
        context, weights = self.layer(query, self.values if values is None else values, mask)
        return np.asarray(context).astype(np.float64), np.asarray(weights).astype(np.float64)

    def assert_equal(self, found: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
        for one, other in zip(found, expected, strict=True):
            assert np.shape(one) == np.shape(other)
            assert np.linalg.norm(np.subtract(one, other)) <= self.tolerance * np.linalg.norm(other)


@pytest.fixture(params=["float64", "float32", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)])
def precision(request: pytest.FixtureRequest) -> Iterator[str]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, precision: str) -> Case:
    generator = np.random.default_rng(31)
    choice = FACTORS["score"].get(request.param.split()[0])
    units = VALUE_UNITS if choice is not None and choice.equal_sizes else QUERY_UNITS
    query, values = generator.normal(size=(BATCH, TARGET, units)), generator.normal(size=(BATCH, SOURCE, VALUE_UNITS))
    layer = CASES[request.param]()
    layer.build(query.shape, values.shape)
    for variable in layer.weights:
        variable.assign(generator.normal(scale=0.3, size=variable.shape))
    return Case(layer, query / 2, values / 2, TOLERANCE[precision])


def test_weights_are_a_distribution_over_the_tokens(case: Case) -> None:
    context, weights = case()
    assert context.shape == (BATCH, TARGET, VALUE_UNITS)
    assert weights.shape == (BATCH, TARGET, SOURCE)
    assert (weights >= 0).all()
    assert weights.sum(axis=-1) == pytest.approx(np.ones((BATCH, TARGET)), abs=case.tolerance)
    assert not weights[~np.repeat(MASK[:, None], TARGET, axis=1)].any()


def test_one_query_has_the_result_of_a_sequence_of_one(case: Case) -> None:
    context, weights = case(case.query[:, 0])
    assert context.shape == (BATCH, VALUE_UNITS)
    assert weights.shape == (BATCH, SOURCE)
    case.assert_equal((context[:, None], weights[:, None]), case(case.query[:, :1]))


def test_what_stands_on_padding_changes_nothing(case: Case) -> None:
    noise = np.where(MASK[:, :, None], case.values, 1000.0)
    case.assert_equal(case(values=noise), case())


def test_more_padding_changes_nothing(case: Case) -> None:
    values = np.pad(case.values, [(0, 0), (0, 2), (0, 0)], constant_values=17)
    context, weights = case(values=values, mask=np.pad(MASK, [(0, 0), (0, 2)]))
    assert not weights[:, :, SOURCE:].any()
    case.assert_equal((context, weights[:, :, :SOURCE]), case())


def test_a_sentence_alone_has_the_result_that_it_has_in_a_batch(case: Case) -> None:
    contexts, weights = case()
    for at, length in enumerate(LENGTHS):
        alone = case(case.query[at : at + 1], case.values[at : at + 1, :length], None)
        case.assert_equal(alone, (contexts[at : at + 1], weights[at : at + 1, :, :length]))


def test_without_a_mask_every_position_is_a_token(case: Case) -> None:
    case.assert_equal(case(mask=None), case(mask=np.ones_like(MASK)))


def test_step_by_step_equals_all_at_once(case: Case) -> None:
    memory, steps = prepared(case.layer, case.values), []
    state = case.layer.initial_state(memory)
    for at in range(TARGET):
        query = ops.cast(ops.convert_to_tensor(case.query[:, at]), case.layer.compute_dtype)
        context, weights, state = case.layer.attend(query, memory, state)
        steps.append((np.asarray(context).astype(np.float64), np.asarray(weights).astype(np.float64)))
    contexts, weights = (np.stack(parts, axis=1) for parts in zip(*steps, strict=True))
    case.assert_equal((contexts, weights), case())


def test_hypotheses_that_share_a_memory_attend_as_they_would_alone(case: Case) -> None:
    memory = prepared(case.layer, case.values)
    state = case.layer.initial_state(memory)
    queries = [ops.cast(ops.convert_to_tensor(case.query[:, at]), case.layer.compute_dtype) for at in range(TARGET)]
    alone = [case.layer.attend(query, memory, state) for query in queries]
    states = keras.tree.map_structure(lambda x: ops.concatenate([x] * TARGET), state)
    shared = case.layer.attend_shared(ops.concatenate(queries), memory, states, TARGET)
    flat = [keras.tree.flatten(parts) for parts in (shared, *alone)]
    for found, *expected in zip(*flat, strict=True):
        whole = np.concatenate([np.asarray(x).astype(np.float64) for x in expected])
        case.assert_equal((np.asarray(found).astype(np.float64),), (whole,))


def test_gradients_step_by_step_equal_those_of_all_at_once(
    case: Case, gradients: Callable[..., list[Array | None]]
) -> None:
    generator = np.random.default_rng(37)
    upstream = generator.normal(size=(BATCH, TARGET, VALUE_UNITS)), generator.normal(size=(BATCH, TARGET, SOURCE))

    def loss(results: tuple[Any, Any]) -> Any:
        context, weights = (ops.sum(ops.cast(x, "float64") * dx) for x, dx in zip(results, upstream, strict=True))
        return context + weights

    def at_once(query: Any, values: Any) -> Any:
        return loss(case.layer(query, values, MASK))

    def stepwise(query: Any, values: Any) -> Any:
        memory, results = prepared(case.layer, values), []
        state = case.layer.initial_state(memory)
        for at in range(TARGET):
            step = ops.cast(query[:, at], case.layer.compute_dtype)
            context, weights, state = case.layer.attend(step, memory, state)
            results.append((context, weights))
        contexts, weights = zip(*results, strict=True)
        return loss((ops.stack(contexts, axis=1), ops.stack(weights, axis=1)))

    found, expected = (
        gradients(function, [case.query, case.values], case.layer.trainable_variables)
        for function in (at_once, stepwise)
    )
    for one, other in zip(found, expected, strict=True):
        # A mechanism that does not look at the query has no gradient there on one way and zeros on the other.
        one, other = (np.zeros(1) if x is None else x for x in (one, other))
        assert np.linalg.norm(one - other) <= case.tolerance * np.maximum(1, np.linalg.norm(other))


def test_a_gradient_reaches_every_weight(case: Case, gradients: Callable[..., list[Array | None]]) -> None:
    def loss(query: Any, values: Any) -> Any:
        return ops.sum(ops.square(ops.cast(case.layer(query, values, MASK)[0], "float64")))

    _, of_values, *of_weights = gradients(loss, [case.query, case.values], case.layer.trainable_variables)
    assert len(of_weights) == len(case.layer.weights)
    for gradient in [of_values, *of_weights]:
        assert gradient is not None
        assert np.isfinite(gradient).all()
        assert gradient.any()
    assert of_values is not None
    assert not of_values[~MASK].any()


def test_a_sentence_of_padding_alone_gives_zeros_and_disturbs_no_gradient(
    case: Case, gradients: Callable[..., list[Array | None]]
) -> None:
    mask = MASK & [[True], [False]]
    context, weights = case(mask=mask)
    contexts, distributions = case()
    case.assert_equal((context[:1], weights[:1]), (contexts[:1], distributions[:1]))
    assert not context[1].any()
    assert not weights[1].any()

    def loss(query: Any, values: Any) -> Any:
        return ops.sum(ops.square(ops.cast(case.layer(query, values, mask)[0], "float64")))

    for gradient in gradients(loss, [case.query, case.values], case.layer.trainable_variables):
        assert gradient is None or np.isfinite(gradient).all()


@pytest.mark.slow
def test_a_compiled_mechanism_that_knows_no_lengths_has_the_same_results(case: Case) -> None:
    queries, annotations = case.query.reshape(BATCH * TARGET, -1), case.values.reshape(BATCH * SOURCE, -1)

    def looked_up(target: Any, source: Any) -> Any:
        return case.layer(ops.take(queries, target, axis=0), ops.take(annotations, source, axis=0), source >= 0)

    target, source = np.arange(BATCH * TARGET).reshape(BATCH, TARGET), np.arange(BATCH * SOURCE).reshape(BATCH, SOURCE)
    compiled = backend.compiled(looked_up, case.layer.weights)
    context, weights = compiled(ops.convert_to_tensor(target), ops.convert_to_tensor(source))
    found = np.asarray(context).astype(np.float64), np.asarray(weights).astype(np.float64)
    case.assert_equal(found, case(mask=None))


def prepared(layer: Any, values: Any) -> Memory:
    """What the layer prepares of values in its own precision, as its `call` would."""
    return layer.prepare(ops.cast(ops.convert_to_tensor(values), layer.compute_dtype), ops.convert_to_tensor(MASK))
