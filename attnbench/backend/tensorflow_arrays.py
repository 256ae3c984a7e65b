"""Lists with a tensor for every time step, as variables of TensorFlow's loops: written by index, or used as stacks.

`tensors` are those of one step: arrays (in a structure like theirs) or stacks (in a list) hold as many at every step.
"""

from collections.abc import Collection, Sequence

import numpy as np
import tensorflow as tf

from attnbench.tensors import Structure, Tensor


def new_arrays(tensors: Structure, length: Tensor) -> Structure:
    """Empty arrays of `length` steps."""
    return tf.nest.map_structure(
        lambda x: tf.TensorArray(x.dtype, length, element_shape=x.shape, clear_after_read=False), tensors
    )


def unstacked(sequences: Structure, length: Tensor) -> Structure:
    """The steps of `sequences`, (time, ...) each."""
    arrays = new_arrays(tf.nest.map_structure(lambda x: x[0], sequences), length)
    return tf.nest.map_structure(lambda array, x: array.unstack(x), arrays, sequences)


def written(arrays: Structure, time: Tensor, tensors: Structure) -> Structure:
    """`arrays` with `tensors` at the step `time`."""
    return tf.nest.map_structure(lambda array, x: array.write(time, x), arrays, tensors)


def read(arrays: Structure, time: Tensor) -> Structure:
    """The tensors of the step `time`."""
    return tf.nest.map_structure(lambda array: array.read(time), arrays)


def stacked(arrays: Structure) -> Structure:
    """All steps, (time, ...) each."""
    return tf.nest.map_structure(lambda array: array.stack(), arrays)


class Stacks:
    """Stacks of tensors of the types and shapes of `tensors`; memory of what is popped is free again.

    Their contents are in handles, a tensor for each stack, so that loops can have them as variables.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._shapes = [x.shape for x in tensors]
        sizes = [np.array([-1 if size is None else size for size in shape], np.int32) for shape in self._shapes]
        self._options = [{"element_dtype": x.dtype, "element_shape": each} for x, each in zip(tensors, sizes)]

    def empty(self) -> list[Tensor]:
        """Handles of stacks without a step."""
        return [tf.raw_ops.EmptyTensorList(max_num_elements=-1, **options) for options in self._options]

    def push(self, handles: Sequence[Tensor], tensors: Sequence[Tensor]) -> list[Tensor]:
        """With the tensors of one step more."""
        pairs = zip(handles, tensors, strict=True)
        return [tf.raw_ops.TensorListPushBack(input_handle=handle, tensor=x) for handle, x in pairs]

    def pop(
        self, handles: Sequence[Tensor], time: Tensor, staying: Collection[int]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Takes the last step off; its number `time` is counted from 0.

        Returns:
            The handles, of which those with indices in `staying` still have that step, and its tensors.
        """
        left, tensors = list(handles), []
        for index, (options, shape) in enumerate(zip(self._options, self._shapes, strict=True)):
            if index in staying:
                x = tf.raw_ops.TensorListGetItem(input_handle=handles[index], index=time, **options)
            else:
                left[index], x = tf.raw_ops.TensorListPopBack(input_handle=handles[index], **options)
            tensors.append(tf.ensure_shape(x, shape))
        return left, tensors

    def stack(self, handles: Sequence[Tensor], index: int) -> Tensor:
        """All steps of the stack at `index`, (time, ...)."""
        return tf.raw_ops.TensorListStack(input_handle=handles[index], num_elements=-1, **self._options[index])
