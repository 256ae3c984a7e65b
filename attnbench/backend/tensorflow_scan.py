"""A differentiable time loop on TensorFlow that repeats no matrix product and stores little else.

An automatic gradient would store every intermediate result of every step. This loop stores, for each step, the carry
before it and the outputs of its products with factors: tensors that are the same at every step, the constants and
weights (`tensorflow_products.py` sees them in calls of `product`, `vecmat` and `matvec`). The backward loop runs each
step again from these. Only what is cheap is computed twice, and nothing of size (time, batch, source, units) is kept.

Two steps of `state = tanh(total([product(state, W), x]))`, `outputs = state`; s is (batch, units), W (units, units):

    forward     p0 = s0 W    s1 = tanh(p0 + x0)      stacks of two steps: s0, s1 of the carry; p0, p1 of the product
                p1 = s1 W    s2 = tanh(p1 + x1)      results: s2, and s1, s2 as outputs (time, batch, units)

    backward    from ds2, the gradient by the last carry, and dy0, dy1, those by the outputs s1, s2
      step 1    s1, p1 from the stacks; the step gets p1 as its product and computes s2 = tanh(p1 + x1) again
                dp1 = (ds2 + dy1) ∘ (1 - s2²)        written; it is the gradient by x1, too
                ds1 = dp1 Wᵀ                         the carry of the backward loop
      step 0    s0, p0 from the stacks; s1 = tanh(p0 + x0) again
                dp0 = (ds1 + dy0) ∘ (1 - s1²)        written; the gradient by x0
                ds0 = dp0 Wᵀ                         the gradient by the initial carry

    after it    dx = [dp0, dp1]                      (time, batch, units)
                dW = s0ᵀ dp0 + s1ᵀ dp1               one product of (units, time x batch) and (time x batch, units)

A product costs what it would cost without a loop: one product forward, one for the gradient by its input (W is
transposed once, before the loop), and its share in one large product for the gradient by its factor. The gradient by a
factor's other uses, such as `keys` in `keys + query`, is summed over the steps in the carry of the backward loop.

Columns number what a step can leave for the products after the loop, a tensor each. The stacks of residuals come first:
column 0 is s, column 1 is p. What is not in them is written, once, however many inputs and products share it: column 2
is dp. Here x has its gradient in column 2; the product has its input in column 0 and its output's gradient in column 2.
Nothing needs column 1 after the loop, so its stack is popped: the memory of p1 is free before step 0 begins.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from attnbench.backend.tensorflow_arrays import Stacks, new_arrays, read, stacked, unstacked, written
from attnbench.backend.tensorflow_products import Product, Recorder, Replay
from attnbench.tensors import Structure, Tensor

Step = Callable[[Structure, Structure, Structure], tuple[Structure, Structure]]


def scan(
    step: Step,
    carry: Structure,
    sequences: Structure,
    *,
    constants: Structure = (),
    variables: Sequence[keras.Variable] = (),
    dtype: str | None = None,
) -> tuple[Structure, Structure]:
    """Runs `carry, outputs = step(carry, inputs, constants)` along the leading axis of `sequences`.

    Args:
        step: may use nothing that needs a gradient but its arguments and `variables`.
        carry: structure of tensors, the same after each step.
        sequences: structure of tensors (time, ...).
        constants: structure of tensors that every step gets.
        variables: every Keras variable that `step` reads; those of a float type are read, and cast to `dtype`, once
            before the loop.
        dtype: the compute dtype; None leaves the variables as they are.

    Returns:
        The last carry, and the outputs stacked to (time, ...).
    """
    variables = [v for v in variables if keras.backend.is_float_dtype(v.dtype)]
    weights = [v.value if dtype is None else tf.cast(v.value, dtype) for v in variables]
    # A tensor that is given twice gets two gradients, and so has to be two tensors.
    arguments = tf.nest.map_structure(tf.identity, (carry, sequences, constants, weights))
    return tf.custom_gradient(_Loop(step, arguments, variables).run)(*arguments)


class _Arguments(NamedTuple):
    """The flat tensors of a loop: `inputs` are then (time, batch, ...); or those of one step: (batch, ...)."""

    carry: list[Tensor]
    inputs: list[Tensor]
    constants: list[Tensor]
    weights: list[Tensor]

    @property
    def factors(self) -> list[Tensor]:
        """What is the same at every step."""
        return [*self.constants, *self.weights]


class _Residuals(NamedTuple):
    """What the forward loop leaves to the backward loop.

    stacks, handles: for each tensor of the carry, then for each product, a stack of its values, (batch, ...) each.
    inputs: the steps of the sequences.
    products: of a step, in order.
    """

    stacks: Stacks
    handles: list[Tensor]
    inputs: Structure
    products: list[Product]


class _Columns(NamedTuple):
    """Which column holds the gradient by each input of a step, each product's input, the gradient by its output."""

    inputs: list[int | None]
    product_inputs: list[int]
    product_gradients: list[int]


class _StepGradients(NamedTuple):
    """What one step of the backward loop gives.

    carry: the gradients by the carry before the step.
    factors: the gradients by the factors, by index, but for those of products; float32 at least.
    columns: see `_Columns`.
    written: the tensors of the columns behind those of the residuals.
    """

    carry: list[Tensor]
    factors: dict[int, Tensor]
    columns: _Columns
    written: list[Tensor]


class _Loop:
    """One loop: its forward pass and its backward pass, over flat tensors."""

    def __init__(self, step: Step, structure: Sequence[Structure], variables: Sequence[keras.Variable]) -> None:
        self._step, self._structure, self._variables = step, structure, variables

    def run(self, *arguments: Structure) -> tuple[tuple[Structure, Structure], Callable[..., list[Tensor | None]]]:
        """The results of `scan`, and the function of their flat gradients that gives those of its arguments."""
        flat = _Arguments(*map(tf.nest.flatten, arguments))
        final, outputs, residuals = self._forward(flat)

        def gradient(*upstream: Tensor, **_: object) -> list[Tensor | None]:
            return self._backward(flat, residuals, list(upstream[: len(final)]), list(upstream[len(final) :]))

        return (tf.nest.pack_sequence_as(self._structure[0], final), outputs), gradient

    def _call(self, recorder: Recorder, arguments: _Arguments) -> tuple[list[Tensor], Structure]:
        """One step, the weights standing in for the variables; the flat carry after it, and its outputs."""
        carry, inputs, constants, _ = map(tf.nest.pack_sequence_as, self._structure, arguments)
        with keras.StatelessScope(state_mapping=list(zip(self._variables, arguments.weights))):
            operands = [*arguments.constants, *(variable.value for variable in self._variables)]
            with recorder.watching(operands):
                after, outputs = self._step(carry, inputs, constants)
        return [tf.cast(new, old.dtype) for new, old in zip(tf.nest.flatten(after), arguments.carry)], outputs

    def _forward(self, arguments: _Arguments) -> tuple[list[Tensor], Structure, _Residuals]:
        """The last carry, the outputs (time, batch, ...), and what the backward loop needs."""
        length = tf.shape(arguments.inputs[0])[0]
        inputs = unstacked(arguments.inputs, length)

        def advance(time: Tensor, carry: list[Tensor]) -> tuple[list[Tensor], Structure, list[Tensor], list[Product]]:
            recorder = Recorder(arguments.factors)
            after, outputs = self._call(recorder, arguments._replace(carry=carry, inputs=read(inputs, time)))
            return after, outputs, carry + recorder.outputs, recorder.products

        # The first step comes before the loop: only it can tell which outputs and products there are, and their shapes.
        carry, first, residuals, products = advance(0, arguments.carry)
        outputs, stacks = written(new_arrays(first, length), 0, first), Stacks(residuals)

        def body(time: Tensor, carry: list[Tensor], outputs: Structure, handles: list[Tensor]) -> list[Structure]:
            carry, new, residuals, _ = advance(time, carry)
            return [time + 1, carry, written(outputs, time, new), stacks.push(handles, residuals)]

        _, final, outputs, handles = tf.while_loop(
            lambda time, *_: time < length,
            body,
            [tf.constant(1), carry, outputs, stacks.push(stacks.empty(), residuals)],
            maximum_iterations=length - 1,
            parallel_iterations=1,
        )
        return final, stacked(outputs), _Residuals(stacks, handles, inputs, products)

    def _backward(
        self, arguments: _Arguments, residuals: _Residuals, final: list[Tensor], outputs: list[Tensor]
    ) -> list[Tensor | None]:
        """Gradients by all arguments, from those by the last carry and by the outputs (time, batch, ...)."""
        length, stacks = tf.shape(arguments.inputs[0])[0], residuals.stacks
        carried, factors = len(arguments.carry), arguments.factors
        upstream = unstacked(outputs, length)
        prepared = {each: each.kind.prepare(factors[each.factor]) for each in dict.fromkeys(residuals.products)}

        def retreat(time: Tensor, state: list[Tensor], carry: list[Tensor]) -> _StepGradients:
            recorder = Replay(factors, state[carried:], prepared)
            step = arguments._replace(carry=state[:carried], inputs=read(residuals.inputs, time))
            return self._step_gradients(recorder, step, carry + read(upstream, time))

        # The last step comes before the loop: only it can tell which columns there are.
        count = len(residuals.handles)
        _, state = stacks.pop(residuals.handles, length - 1, range(count))
        last = retreat(length - 1, state, final)
        staying = sorted({column for part in last.columns for column in part if column is not None and column < count})
        handles, _ = stacks.pop(residuals.handles, length - 1, staying)
        arrays = written(new_arrays(last.written, length), length - 1, last.written)

        def body(
            time: Tensor, carry: list[Tensor], sums: dict[int, Tensor], arrays: Structure, handles: list[Tensor]
        ) -> list[Structure]:
            handles, state = stacks.pop(handles, time, staying)
            step = retreat(time, state, carry)
            sums = {index: total + step.factors[index] for index, total in sums.items()}
            return [time - 1, step.carry, sums, written(arrays, time, step.written), handles]

        _, carry, sums, arrays, handles = tf.while_loop(
            lambda time, *_: time >= 0,
            body,
            [length - 2, last.carry, last.factors, arrays, handles],
            maximum_iterations=length - 1,
            parallel_iterations=1,
        )
        columns = {column: stacks.stack(handles, column) for column in staying} | dict(
            enumerate(stacked(arrays), count)
        )
        inputs = [None if column is None else columns[column] for column in last.columns.inputs]
        return [*carry, *inputs, *_factor_gradients(factors, residuals.products, last.columns, columns, sums)]

    def _step_gradients(self, recorder: Replay, arguments: _Arguments, upstream: list[Tensor]) -> _StepGradients:
        """Runs one step again, and differentiates it.

        Args:
            recorder: gives the step its products.
            arguments: the step's.
            upstream: the gradients by the carry after the step, and by its outputs.
        """
        leaves = [arguments.carry, arguments.inputs, recorder.forward_outputs, arguments.factors]
        floats = [x for x in tf.nest.flatten(leaves) if x.dtype.is_floating]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(floats)
            after, outputs = self._call(recorder, arguments)
        results = zip(after + tf.nest.flatten(outputs), upstream, strict=True)
        pairs = [(x, dx) for x, dx in results if x.dtype.is_floating]
        tape_gradients = iter(tape.gradient([x for x, _ in pairs], floats, output_gradients=[dx for _, dx in pairs]))
        gradients = tf.nest.map_structure(lambda x: next(tape_gradients) if x.dtype.is_floating else None, leaves)
        carry, inputs, by_products, by_factors = gradients
        residuals, by_outputs = arguments.carry + recorder.outputs, _without_gaps(recorder.forward_outputs, by_products)
        columns, new = _numbered(residuals, inputs, recorder.inputs, by_outputs)
        factors = {
            index: tf.cast(dx, tf.float64 if dx.dtype == tf.float64 else tf.float32)
            for index, dx in enumerate(by_factors)
            if dx is not None
        }
        return _StepGradients(_without_gaps(arguments.carry, carry), factors, columns, new)


def _without_gaps(tensors: Sequence[Tensor], gradients: list[Tensor | None]) -> list[Tensor]:
    """`gradients` by `tensors`, zeros where there is none."""
    return [tf.zeros_like(x) if dx is None else dx for x, dx in zip(tensors, gradients)]


def _numbered(
    residuals: list[Tensor], inputs: list[Tensor | None], product_inputs: list[Tensor], product_gradients: list[Tensor]
) -> tuple[_Columns, list[Tensor]]:
    """A column for each tensor, the same one wherever it comes again; and the tensors behind the `residuals`."""
    columns = {tensor.ref(): column for column, tensor in enumerate(residuals)}

    def column(tensor: Tensor) -> int:
        return columns.setdefault(tensor.ref(), len(columns))

    numbered = _Columns(
        [None if dx is None else column(dx) for dx in inputs],
        [column(x) for x in product_inputs],
        [column(dx) for dx in product_gradients],
    )
    return numbered, [reference.deref() for reference in columns][len(residuals) :]


def _factor_gradients(
    factors: list[Tensor],
    products: list[Product],
    columns: _Columns,
    values: dict[int, Tensor],
    sums: dict[int, Tensor],
) -> list[Tensor | None]:
    """By each factor: the sum over the steps, and one product for all steps of each product with it."""
    gradients = [tf.cast(sums[index], x.dtype) if index in sums else None for index, x in enumerate(factors)]
    for (kind, index), x, dx in zip(products, columns.product_inputs, columns.product_gradients, strict=True):
        term = kind.factor_gradient(values[x], values[dx])
        gradients[index] = term if gradients[index] is None else gradients[index] + term
    return gradients
