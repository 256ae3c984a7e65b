"""A differentiable time loop on TensorFlow that is fast and lean for any step.

Forward, the loop keeps each step's carry and the outputs of its products with weights and constants. Backward, it runs
each step again from them, so these products are never repeated and nothing else is ever stored; their inputs and output
gradients are collected, and each factor's gradient is one large product after the loop. What was kept is let go as soon
as its step is done.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from attnbench.backend.tensorflow_arrays import Arrays, Stacks
from attnbench.backend.tensorflow_products import Record, Recorder, Replay, prepared


class _Columns:
    """What the backward steps hand on beside the carry: tensors that the forward loop has kept, and others, once each.

    Attributes:
        written: the others.
    """

    def __init__(self, kept: Sequence[Any]) -> None:
        self._kept = kept
        self.written: list[Any] = []

    def place(self, tensor: Any) -> int | None:
        """The column of `tensor`, the kept ones first; None for None."""
        if tensor is None:
            return None
        for place, known in enumerate([*self._kept, *self.written]):
            if known is tensor:
                return place
        self.written.append(tensor)
        return len(self._kept) + len(self.written) - 1


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

    def _call(self, recorder: Recorder, groups: list[list[Any]]) -> tuple[list[Any], list[Any]]:
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
        final, outputs, kept, products = self._forward(groups)

        def gradient(*upstream: Any, **_: Any) -> list[Any]:
            return self._backward(groups, kept, products, list(upstream[: sizes[0]]), list(upstream[sizes[0] :]))

        return (*final, *outputs), gradient

    def _factors(self, groups: list[list[Any]]) -> tuple[list[Any], list[Any]]:
        """What the steps' products multiply by, and the objects that a step knows them by."""
        _, _, constants, weights = groups
        return [*constants, *weights], [*constants, *self._variables]

    def _forward(self, groups: list[list[Any]]) -> Any:
        initial, sequences, constants, weights = groups
        length = tf.shape(sequences[0])[0]
        inputs = Arrays.unstacked(sequences, length)

        def advance(time: Any, carry: list[Any]) -> Any:
            recorder = Record(*self._factors(groups))
            after, outputs = self._call(recorder, [carry, inputs.read(time), constants, weights])
            after = [tf.cast(new, old.dtype) for new, old in zip(after, carry)]
            return after, outputs, carry + recorder.outputs, recorder.found

        carry, first, keep, products = advance(0, initial)
        out, kept = Arrays.like(first, length).write(0, first), Stacks.of(keep)

        def body(time: Any, carry: list[Any], out: list[Any], handles: list[Any]) -> Any:
            carry, outputs, keep, _ = advance(time, carry)
            return [time + 1, carry, Arrays(out).write(time, outputs).arrays, kept.holding(handles).push(keep).handles]

        _, final, out_arrays, handles = tf.while_loop(
            lambda time, *_: time < length,
            body,
            [tf.constant(1), carry, out.arrays, kept.handles],
            maximum_iterations=length - 1,
            parallel_iterations=1,
        )
        return final, Arrays(out_arrays).stack(), (kept.holding(handles), inputs), products

    def _backward(
        self, groups: list[list[Any]], saved: Any, products: list[Any], final: list[Any], outputs: list[Any]
    ) -> list[Any]:
        initial, sequences, _, _ = groups
        kept, inputs = saved
        length = tf.shape(sequences[0])[0]
        upstream = Arrays.unstacked(outputs, length)
        turned = prepared(products, self._factors(groups)[0])

        def retreat(time: Any, state: list[Any], carry_gradient: list[Any]) -> Any:
            outputs = state[len(initial) :]
            recorder = Replay(*self._factors(groups), outputs, turned)
            step_groups = [state[: len(initial)], inputs.read(time), *groups[2:]]
            return self._step_gradient(recorder, step_groups, outputs, carry_gradient + upstream.read(time))

        carry_gradient, sums, places, written = retreat(length - 1, kept.read(length - 1), final)
        needed = dict.fromkeys(place for part in places for place in part if place is not None)
        left, _ = kept.pop(length - 1, needed)
        present = [x is not None for x in sums]
        arrays = Arrays.like(written, length).write(length - 1, written)

        def body(time: Any, carry_gradient: list[Any], totals: list[Any], out: list[Any], handles: list[Any]) -> Any:
            left, state = kept.holding(handles).pop(time, needed)
            carry_gradient, sums, _, written = retreat(time, state, carry_gradient)
            totals = [total + x for total, x in zip(totals, [x for x in sums if x is not None], strict=True)]
            return [time - 1, carry_gradient, totals, Arrays(out).write(time, written).arrays, left.handles]

        _, carry_gradient, totals, out, handles = tf.while_loop(
            lambda time, *_: time >= 0,
            body,
            [
                tf.convert_to_tensor(length - 2),
                carry_gradient,
                [x for x in sums if x is not None],
                arrays.arrays,
                left.handles,
            ],
            maximum_iterations=length - 1,
            parallel_iterations=1,
        )
        staying, count = kept.holding(handles), len(handles)
        stacks = {place: staying.stack(place) if place < count else out[place - count].stack() for place in needed}
        found = [[stacks.get(place) for place in part] for part in places]
        sums = iter(totals)
        accumulated = [next(sums) if flag else None for flag in present]
        return [*carry_gradient, *found[0], *self._factor_gradients(groups, products, found[1:], accumulated)]

    def _step_gradient(
        self, recorder: Replay, groups: list[list[Any]], products: list[Any], upstream: list[Any]
    ) -> Any:
        """The gradients of one step.

        Args:
            recorder: gives the step its products.
            groups: the step's carry, inputs, constants and weights.
            products: their outputs.
            upstream: gradients of the carry after the step and of its outputs.

        Returns:
            Gradients of the carry; of each constant and weight, but for those products; the columns of the inputs'
            gradients, of the products' inputs and of their outputs' gradients; the tensors to write, see `_Columns`.
        """
        carry, inputs, constants, weights = groups
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            leaves = [*carry, *inputs, *products, *constants, *weights]
            tape.watch([x for x in leaves if _is_float(x)])
            after, outputs = self._call(recorder, groups)
            after = [tf.cast(new, old.dtype) for new, old in zip(after, carry)]
        pairs = [(x, dx) for x, dx in zip(after + outputs, upstream, strict=True) if _is_float(x)]
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
        columns = _Columns(carry + recorder.results)
        places = [[columns.place(x) for x in part] for part in (gradients[a:b], recorder.inputs, slopes)]
        return before, sums, places, columns.written

    def _factor_gradients(
        self, groups: list[list[Any]], products: list[Any], collected: list[list[Any]], accumulated: list[Any]
    ) -> list[Any]:
        """Of each constant and weight: the sum over the steps, and one product for all steps' products with it."""
        factors, _ = self._factors(groups)
        totals = [
            None if total is None else tf.cast(total, x.dtype) for total, x in zip(accumulated, factors, strict=True)
        ]
        for (kind, place), x, slope in zip(products, *collected, strict=True):
            term = kind.gradient(x, slope)
            totals[place] = term if totals[place] is None else totals[place] + term
        return totals
