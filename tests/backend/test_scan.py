"""The time loop against the same steps written one after another."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from attnbench import backend

TIME, BATCH, UNITS = 5, 3, 7


def _cell() -> tuple[keras.Variable, keras.Variable, Callable[..., Any]]:
    generator = np.random.default_rng(1)
    kernel = keras.Variable(generator.normal(size=(UNITS, UNITS)), dtype="float64")
    vector = keras.Variable(generator.normal(size=UNITS), dtype="float64")

    def step(state: Any, inputs: Any, constants: Any) -> Any:
        state = backend.tanh(backend.product(state, kernel) + inputs * vector.value + constants[0] * constants[1])
        return state, (state**3, inputs)

    return kernel, vector, step


def _one_by_one(step: Callable[..., Any], state: Any, inputs: Any, constants: Any) -> Any:
    outputs = []
    for time in range(inputs.shape[0]):
        state, output = step(state, inputs[time], constants)
        outputs.append(output)
    return state, tuple(ops.stack(column) for column in zip(*outputs, strict=True))


def _arrays(time: int = TIME) -> tuple[np.ndarray, ...]:
    generator = np.random.default_rng(2)
    return tuple(generator.normal(size=size) for size in ((BATCH, UNITS), (time, BATCH, UNITS), (BATCH, UNITS)))


@pytest.mark.parametrize("time", [1, 2, TIME])
def test_a_loop_computes_what_its_steps_compute(time: int) -> None:
    kernel, vector, step = _cell()
    state, inputs, constant = (ops.convert_to_tensor(x) for x in _arrays(time))
    expected = _one_by_one(step, state, inputs, (constant, constant))
    found = backend.scan(step, state, inputs, constants=(constant, constant), variables=[kernel, vector])
    for x, y in zip(keras.tree.flatten(found), keras.tree.flatten(expected), strict=True):
        np.testing.assert_allclose(backend.read(x), backend.read(y), rtol=1e-12)


@pytest.mark.parametrize("time", [1, 2, TIME])
def test_a_loops_gradients_are_its_steps_gradients_even_for_one_tensor_given_twice(
    time: int, gradients: Callable[..., Any]
) -> None:
    kernel, vector, step = _cell()

    def loss(run: Callable[..., Any]) -> Callable[..., Any]:
        def value(state: Any, inputs: Any, constant: Any) -> Any:
            final, (outputs, passed) = run(state, inputs, constant)
            return ops.sum(final**2) + ops.sum(outputs * passed)

        return value

    def looped(state: Any, inputs: Any, constant: Any) -> Any:
        return backend.scan(step, state, inputs, constants=(constant, constant), variables=[kernel, vector])

    def plain(state: Any, inputs: Any, constant: Any) -> Any:
        return _one_by_one(step, state, inputs, (constant, constant))

    found = gradients(loss(looped), _arrays(time), [kernel, vector])
    expected = gradients(loss(plain), _arrays(time), [kernel, vector])
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-12)


def test_a_loop_that_multiplies_twice_by_one_kernel_adds_both_gradients(gradients: Callable[..., Any]) -> None:
    kernel = keras.Variable([[3.0]], dtype="float64")

    def step(state: Any, inputs: Any, _: Any) -> Any:
        state = backend.product(backend.product(state, kernel), kernel)
        return state, inputs

    def loss(state: Any) -> Any:
        final, _ = backend.scan(step, state, ops.zeros((2, 1, 1), "float64"), variables=[kernel])
        return ops.sum(final)

    # Two steps of two products: 5 · 3⁴, whose derivative is 5 · 4 · 3³ by the kernel and 3⁴ by the state.
    state, weight = gradients(loss, [np.array([[5.0]])], [kernel])
    assert state == pytest.approx(81)
    assert weight == pytest.approx(540)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="counts the operations of TensorFlow's graph")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_loop_repeats_no_product_and_makes_a_weights_gradient_in_one(dtype: str) -> None:
    import tensorflow as tf

    kernel = keras.Variable(np.eye(UNITS), dtype="float32")

    def step(state: Any, inputs: Any, _: Any) -> Any:
        state = backend.tanh(backend.total([backend.product(state, kernel), inputs]))
        return state, state

    @tf.function(autograph=False)
    def gradient(state: Any, inputs: Any) -> Any:
        with tf.GradientTape() as tape:
            _, outputs = backend.scan(step, state, inputs, variables=[kernel], dtype=dtype)
            loss = ops.sum(outputs)
        return tape.gradient(loss, kernel.value)

    state, inputs, _ = (tf.cast(x, dtype) for x in _arrays())
    graph = gradient.get_concrete_function(state, inputs).graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    # Forward and backward loop have a first step outside and a body, with one product each; the fifth is the weight's.
    assert sum(node.op == "MatMul" for node in nodes) == 5


def test_products_in_a_loop_have_their_steps_gradients_whatever_they_multiply(gradients: Callable[..., Any]) -> None:
    """Inputs that are the carry, another product's output, both or neither; factors that have other uses as well."""
    kernel = keras.Variable(np.random.default_rng(3).normal(size=(UNITS, UNITS)), dtype="float64")
    source = 4

    def step(state: Any, inputs: Any, constants: Any) -> Any:
        keys, values = constants
        scores = backend.matvec(keys, state)
        context = backend.vecmat(backend.tanh(scores), values)
        backend.vecmat(scores, values)  # nobody reads it
        again = backend.vecmat(backend.matvec(values, context), keys)
        projected = backend.total([inputs, backend.product(context, kernel), backend.product(state + inputs, kernel)])
        state = backend.tanh(projected + again + ops.mean(values @ kernel.value, axis=1))
        return state, (scores, context)

    def loss(run: Callable[..., Any]) -> Callable[..., Any]:
        def value(state: Any, inputs: Any, keys: Any, values: Any) -> Any:
            final, (scores, contexts) = run(state, inputs, (keys, values))
            return ops.sum(final**2) + ops.sum(scores**2) + ops.sum(contexts**3) + ops.sum(keys)

        return value

    def looped(state: Any, inputs: Any, constants: Any) -> Any:
        return backend.scan(step, state, inputs, constants=constants, variables=[kernel])

    def plain(state: Any, inputs: Any, constants: Any) -> Any:
        return _one_by_one(step, state, inputs, constants)

    generator = np.random.default_rng(4)
    sizes = ((BATCH, UNITS), (TIME, BATCH, UNITS), (BATCH, source, UNITS), (BATCH, source, UNITS))
    arrays = [generator.normal(size=size) / 3 for size in sizes]
    for found, expected in zip(
        gradients(loss(looped), arrays, [kernel]), gradients(loss(plain), arrays, [kernel]), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_random_numbers_depend_on_the_key_and_the_stream_alone() -> None:
    key, other = (ops.convert_to_tensor(np.array(x, np.int32)) for x in ([1, 2], [1, 3]))
    first = backend.read(backend.uniform((11,), key, 5))
    np.testing.assert_array_equal(first, backend.read(backend.uniform((11,), key, 5)))
    assert (first != backend.read(backend.uniform((11,), other, 5))).any()
    assert (first != backend.read(backend.uniform((11,), key, 7))).any()
    assert ((first >= 0) & (first < 1)).all()
