"""A differentiable time loop on TensorFlow that is fast and lean for any step.

Forward, the loop keeps each step's carry and the outputs of its products with weights. Backward, it runs each step
again from them, so these products are never repeated and nothing else is ever stored; their inputs and output gradients
are collected, and each kernel's gradient is one large product after the loop.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

_ACTIVE = threading.local()


def product(x: Any, kernel: Any) -> Any:
    """The matrix product x @ kernel in x's precision.

    Args:
        x: (..., inputs); three axes are flattened to two, whose gradient is one product and not one a batch row.
        kernel: (inputs, outputs), a weight.

    Returns:
        (..., outputs).
    """
    recorder = getattr(_ACTIVE, "recorder", None)
    if recorder is not None and len(x.shape) == 2 and recorder.knows(kernel):
        return recorder.product(x, kernel)
    kernel = tf.cast(kernel.value if isinstance(kernel, keras.Variable) else kernel, x.dtype)
    if len(x.shape) == 2:
        return x @ kernel
    shape = tf.concat([tf.shape(x)[:-1], [kernel.shape[-1]]], axis=0)
    result = tf.reshape(tf.reshape(x, (-1, x.shape[-1])) @ kernel, shape)
    result.set_shape((*x.shape[:-1], kernel.shape[-1]))
    return result


class _Recorder:
    """Sees the products of one step whose kernels are the loop's weights."""

    def __init__(self, kernels: Sequence[Any], variables: Sequence[Any]) -> None:
        self._weights = kernels
        self._place = {id(kernel): place for place, kernel in enumerate(variables)}
        self.kernels: list[int] = []

    def __enter__(self) -> "_Recorder":
        self._before = getattr(_ACTIVE, "recorder", None)
        _ACTIVE.recorder = self
        return self

    def __exit__(self, *_: object) -> None:
        _ACTIVE.recorder = self._before

    def knows(self, kernel: Any) -> bool:
        """Whether `kernel` is one of the loop's variables; tensors made of them are new objects at every cast."""
        return id(kernel) in self._place

    def product(self, x: Any, kernel: Any) -> Any:
        place = self._place[id(kernel)]
        self.kernels.append(place)
        return self.known_product(x, place)

    def known_product(self, x: Any, place: int) -> Any:
        raise NotImplementedError


class _Record(_Recorder):
    """Keeps each product's output."""

    def __init__(self, kernels: Sequence[Any], variables: Sequence[Any]) -> None:
        super().__init__(kernels, variables)
        self.outputs: list[Any] = []

    def known_product(self, x: Any, place: int) -> Any:
        self.outputs.append(x @ self._weights[place])
        return self.outputs[-1]


class _Replay(_Recorder):
    """Gives the kept outputs back, in order, and keeps each product's input."""

    def __init__(
        self, kernels: Sequence[Any], variables: Sequence[Any], outputs: Sequence[Any], transposed: dict[int, Any]
    ) -> None:
        super().__init__(kernels, variables)
        self._outputs, self._transposed = iter(outputs), transposed
        self.inputs: list[Any] = []

    def known_product(self, x: Any, place: int) -> Any:
        self.inputs.append(x)

        @tf.custom_gradient
        def replayed(x: Any, output: Any) -> Any:
            def gradient(upstream: Any) -> Any:
                return upstream @ self._transposed[place], upstream

            return tf.identity(output), gradient

        return replayed(x, next(self._outputs))


class _Arrays:
    """Several tensor arrays read and written at the same time step; a step's tensors go in, stacked ones come out."""

    def __init__(self, arrays: list[Any]) -> None:
        self.arrays = arrays

    @classmethod
    def like(cls, tensors: Sequence[Any], length: Any) -> "_Arrays":
        return cls([tf.TensorArray(x.dtype, length, element_shape=x.shape, clear_after_read=False) for x in tensors])

    @classmethod
    def unstacked(cls, tensors: Sequence[Any], length: Any) -> "_Arrays":
        return cls([array.unstack(x) for array, x in zip(cls.like([x[0] for x in tensors], length).arrays, tensors)])

    def write(self, time: Any, tensors: Sequence[Any]) -> "_Arrays":
        return _Arrays([array.write(time, x) for array, x in zip(self.arrays, tensors, strict=True)])

    def read(self, time: Any) -> list[Any]:
        return [array.read(time) for array in self.arrays]

    def stack(self) -> list[Any]:
        return [array.stack() for array in self.arrays]


def _is_float(tensor: Any) -> bool:
    return tensor.dtype.is_floating


def scan(
    step: Callable[[Any, Any, Any], tuple[Any, Any]],
    carry: Any,
    sequences: Any,
    *,
    constants: Any = (),
    variables: Sequence[Any] = (),
    dtype: str | None = None,
) -> tuple[Any, Any]:
    """Runs `carry, outputs = step(carry, inputs, constants)` along the leading axis of `sequences`.

    Args:
        step: may use nothing that needs a gradient but its arguments and `variables`.
        carry: structure of tensors, the same after each step.
        sequences: structure of tensors (time, ...).
        constants: structure of tensors that every step sees.
        variables: every Keras variable that `step` reads; those of a float type are read, and cast to `dtype`, once
            before the loop.
        dtype: the compute dtype; None leaves the variables as they are.

    Returns:
        The last carry, and the outputs stacked to (time, ...).
    """
    variables = [v for v in variables if keras.backend.is_float_dtype(v.dtype)]
    weights = [v.value if dtype is None else tf.cast(v.value, dtype) for v in variables]
    parts = [carry, sequences, constants, weights]
    parts = [tf.nest.map_structure(tf.identity, part) for part in parts]
    loop = _Loop(step, parts, variables)
    flat = loop.run(*tf.nest.flatten(parts))
    return loop.packed_result(flat)


class _Loop:
    """One loop: its forward pass, its backward pass, and how its flat tensors make up the caller's structures."""

    def __init__(self, step: Any, parts: list[Any], variables: list[Any]) -> None:
        self._step, self._structure, self._variables = step, parts, variables
        self._outputs: Any = None
        self.run = tf.custom_gradient(self._run)

    def packed_result(self, flat: Sequence[Any]) -> tuple[Any, Any]:
        count = len(tf.nest.flatten(self._structure[0]))
        pack = tf.nest.pack_sequence_as
        return pack(self._structure[0], list(flat[:count])), pack(self._outputs, list(flat[count:]))

    def _call(self, recorder: _Recorder, groups: list[list[Any]]) -> tuple[list[Any], list[Any]]:
        """One step from flat tensors to flat tensors, the weights standing in for the variables."""
        carry, inputs, constants, weights = (
            tf.nest.pack_sequence_as(structure, group) for structure, group in zip(self._structure, groups)
        )
        mapping = list(zip(self._variables, weights))
        with keras.StatelessScope(state_mapping=mapping), recorder:
            carry, outputs = self._step(carry, inputs, constants)
        self._outputs = outputs
        return tf.nest.flatten(carry), tf.nest.flatten(outputs)

    def _run(self, *flat: Any) -> Any:
        sizes = [len(tf.nest.flatten(part)) for part in self._structure]
        ends = [sum(sizes[: i + 1]) for i in range(4)]
        groups = [list(flat[end - size : end]) for size, end in zip(sizes, ends)]
        final, outputs, kept, kernels = self._forward(groups)

        def gradient(*upstream: Any, **_: Any) -> list[Any]:
            return self._backward(groups, kept, kernels, list(upstream[: sizes[0]]), list(upstream[sizes[0] :]))

        return (*final, *outputs), gradient

    def _forward(self, groups: list[list[Any]]) -> Any:
        initial, sequences, constants, weights = groups
        length = tf.shape(sequences[0])[0]
        inputs = _Arrays.unstacked(sequences, length)

        def advance(time: Any, carry: list[Any]) -> Any:
            recorder = _Record(weights, self._variables)
            after, outputs = self._call(recorder, [carry, inputs.read(time), constants, weights])
            after = [tf.cast(new, old.dtype) for new, old in zip(after, carry)]
            return after, outputs, carry + recorder.outputs, recorder.kernels

        carry, first, keep, kernels = advance(0, initial)
        out, kept = _Arrays.like(first, length).write(0, first), _Arrays.like(keep, length).write(0, keep)

        def body(time: Any, carry: list[Any], out: list[Any], kept: list[Any]) -> Any:
            carry, outputs, keep, _ = advance(time, carry)
            return [time + 1, carry, _Arrays(out).write(time, outputs).arrays, _Arrays(kept).write(time, keep).arrays]

        _, final, out_arrays, kept_arrays = tf.while_loop(
            lambda time, *_: time < length,
            body,
            [tf.constant(1), carry, out.arrays, kept.arrays],
            maximum_iterations=length - 1,
            parallel_iterations=1,
        )
        return final, _Arrays(out_arrays).stack(), (_Arrays(kept_arrays), inputs), kernels

    def _backward(
        self, groups: list[list[Any]], saved: Any, kernels: list[int], final: list[Any], outputs: list[Any]
    ) -> list[Any]:
        initial, sequences, constants, weights = groups
        kept, inputs = saved
        length = tf.shape(sequences[0])[0]
        upstream = _Arrays.unstacked(outputs, length)
        transposed = {place: tf.transpose(weights[place]) for place in set(kernels)}

        def retreat(time: Any, carry_gradient: list[Any]) -> Any:
            state = kept.read(time)
            carry, products = state[: len(initial)], state[len(initial) :]
            recorder = _Replay(weights, self._variables, products, transposed)
            step_groups = [carry, inputs.read(time), constants, weights]
            return self._step_gradient(recorder, step_groups, products, carry_gradient, upstream.read(time))

        carry_gradient, step_gradients, collected, sums = retreat(length - 1, final)
        present = [x is not None for x in sums]
        written = step_gradients + collected
        used = [x is not None for x in written]
        kept_out = [x for x in written if x is not None]
        arrays = _Arrays.like(kept_out, length).write(length - 1, kept_out)

        def body(time: Any, carry_gradient: list[Any], totals: list[Any], out: list[Any]) -> Any:
            carry_gradient, step_gradients, collected, sums = retreat(time, carry_gradient)
            totals = [total + x for total, x in zip(totals, [x for x in sums if x is not None], strict=True)]
            row = [x for x in step_gradients + collected if x is not None]
            return [time - 1, carry_gradient, totals, _Arrays(out).write(time, row).arrays]

        _, carry_gradient, totals, stacked = tf.while_loop(
            lambda time, *_: time >= 0,
            body,
            [tf.convert_to_tensor(length - 2), carry_gradient, [x for x in sums if x is not None], arrays.arrays],
            maximum_iterations=length - 1,
            parallel_iterations=1,
        )
        columns, sums = iter(_Arrays(stacked).stack()), iter(totals)
        written = [next(columns) if flag else None for flag in used]
        accumulated = [next(sums) if flag else None for flag in present]
        return self._assemble(groups, kernels, carry_gradient, written, accumulated)

    def _step_gradient(
        self,
        recorder: _Replay,
        groups: list[list[Any]],
        products: list[Any],
        carry_gradient: list[Any],
        upstream: list[Any],
    ) -> Any:
        """Gradients of one step: for its carry, its inputs, its products, and its constants and weights."""
        carry, inputs, constants, weights = groups
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            leaves = [*carry, *inputs, *products, *constants, *weights]
            tape.watch([x for x in leaves if _is_float(x)])
            after, outputs = self._call(recorder, groups)
            after = [tf.cast(new, old.dtype) for new, old in zip(after, carry)]
        pairs = [(x, dx) for x, dx in zip(after + outputs, carry_gradient + upstream, strict=True) if _is_float(x)]
        found = iter(
            tape.gradient(
                [x for x, _ in pairs],
                [x for x in leaves if _is_float(x)],
                output_gradients=[dx for _, dx in pairs],
            )
        )
        gradients = [next(found) if _is_float(x) else None for x in leaves]
        a, b, c = len(carry), len(carry) + len(inputs), len(carry) + len(inputs) + len(products)
        before = [tf.zeros_like(x) if dx is None else dx for x, dx in zip(carry, gradients[:a])]
        slopes = [tf.zeros_like(x) if dx is None else dx for x, dx in zip(products, gradients[b:c])]
        sums = [None if dx is None else tf.cast(dx, tf.float64 if dx.dtype == tf.float64 else tf.float32)
                for dx in gradients[c:]]  # fmt: skip
        return before, gradients[a:b], recorder.inputs + slopes, sums

    def _assemble(
        self,
        groups: list[list[Any]],
        kernels: list[int],
        carry_gradient: list[Any],
        written: list[Any],
        accumulated: list[Any],
    ) -> list[Any]:
        _, sequences, constants, weights = groups
        sequence_gradients, collected = written[: len(sequences)], written[len(sequences) :]
        totals = [
            None if total is None else tf.cast(total, x.dtype)
            for total, x in zip(accumulated, [*constants, *weights], strict=True)
        ]
        weight_gradients = totals[len(constants) :]
        inputs, slopes = collected[: len(kernels)], collected[len(kernels) :]
        for place, x, slope in zip(kernels, inputs, slopes, strict=True):
            rows = tf.reshape(x, (-1, x.shape[-1])), tf.reshape(slope, (-1, slope.shape[-1]))
            term = tf.matmul(*rows, transpose_a=True)
            before = weight_gradients[place]
            weight_gradients[place] = term if before is None else before + term
        return [*carry_gradient, *sequence_gradients, *totals[: len(constants)], *weight_gradients]
