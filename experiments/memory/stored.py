"""The time loop as TensorFlow's users write it: its automatic gradient stores whatever a step has computed."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf


def stored_scan(
    step: Callable[[Any, Any, Any], tuple[Any, Any]],
    carry: Any,
    sequences: Any,
    *,
    constants: Any = (),
    variables: Sequence[Any] = (),
    dtype: str | None = None,
) -> tuple[Any, Any]:
    """Arguments and result are those of `attnbench.backend.scan`."""
    floats = [variable for variable in variables if keras.backend.is_float_dtype(variable.dtype)]
    mapping = [(variable, tf.cast(variable.value, dtype or variable.dtype)) for variable in floats]
    length = tf.shape(tf.nest.flatten(sequences)[0])[0]

    def advance(time: Any, carry: Any) -> tuple[Any, Any]:
        with keras.StatelessScope(state_mapping=mapping):
            return step(carry, tf.nest.map_structure(lambda x: x[time], sequences), constants)

    def body(time: Any, carry: Any, arrays: list[Any]) -> list[Any]:
        carry, outputs = advance(time, carry)
        row = tf.nest.flatten(outputs)
        return [time + 1, carry, [array.write(time, x) for array, x in zip(arrays, row, strict=True)]]

    carry, first = advance(0, carry)
    row = tf.nest.flatten(first)
    arrays = [tf.TensorArray(x.dtype, length, element_shape=x.shape).write(0, x) for x in row]
    _, carry, arrays = tf.while_loop(lambda time, *_: time < length, body, [tf.constant(1), carry, arrays])
    return carry, tf.nest.pack_sequence_as(first, [array.stack() for array in arrays])
