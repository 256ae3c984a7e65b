"""Tensors of every time step, for loops: written and read at a place, or put on a stack and taken off again."""

from collections.abc import Collection, Sequence
from typing import Any

import tensorflow as tf


class Arrays:
    """Several tensor arrays read and written at the same time step; a step's tensors go in, stacked ones come out."""

    def __init__(self, arrays: list[Any]) -> None:
        self.arrays = arrays

    @classmethod
    def like(cls, tensors: Sequence[Any], length: Any) -> "Arrays":
        """For `length` steps of tensors of these types and shapes."""
        return cls([tf.TensorArray(x.dtype, length, element_shape=x.shape, clear_after_read=False) for x in tensors])

    @classmethod
    def unstacked(cls, tensors: Sequence[Any], length: Any) -> "Arrays":
        """The steps of tensors (time, ...)."""
        return cls([array.unstack(x) for array, x in zip(cls.like([x[0] for x in tensors], length).arrays, tensors)])

    def write(self, time: Any, tensors: Sequence[Any]) -> "Arrays":
        """With the tensors of one step."""
        return Arrays([array.write(time, x) for array, x in zip(self.arrays, tensors, strict=True)])

    def read(self, time: Any) -> list[Any]:
        """The tensors of one step."""
        return [array.read(time) for array in self.arrays]

    def stack(self) -> list[Any]:
        """All steps, (time, ...)."""
        return [array.stack() for array in self.arrays]


class Stacks:
    """Several stacks of tensors, a tensor for each step; what is taken off needs no memory any more.

    Attributes:
        handles: TensorFlow's, one for each stack, for the variables of a loop.
    """

    def __init__(self, handles: list[Any], like: Sequence[Any]) -> None:
        self.handles, self._like = handles, like
        self._options = [
            {
                "element_dtype": x.dtype,
                "element_shape": tf.constant([-1 if size is None else size for size in x.shape], tf.int32),
            }
            for x in like
        ]

    @classmethod
    def of(cls, tensors: Sequence[Any]) -> "Stacks":
        """With the tensors of the first step."""
        empty = cls([], tensors)
        handles = [tf.raw_ops.EmptyTensorList(max_num_elements=-1, **options) for options in empty._options]
        return empty.holding(handles).push(tensors)

    def holding(self, handles: list[Any]) -> "Stacks":
        """Stacks of the same kind with other contents."""
        return Stacks(handles, self._like)

    def push(self, tensors: Sequence[Any]) -> "Stacks":
        """With the tensors of one step more."""
        pairs = zip(self.handles, tensors, strict=True)
        return self.holding([tf.raw_ops.TensorListPushBack(input_handle=handle, tensor=x) for handle, x in pairs])

    def read(self, time: Any) -> list[Any]:
        """The tensors of one step; they stay."""
        return [self._read(place, time) for place in range(len(self.handles))]

    def pop(self, time: Any, staying: Collection[int | None]) -> tuple["Stacks", list[Any]]:
        """The stacks without their last step, but for those at the places `staying`, and the tensors of that step.

        Args:
            time: the last step's, counted from 0.
            staying: places of stacks.
        """
        handles, tensors = list(self.handles), []
        for place, like in enumerate(self._like):
            if place in staying:
                tensors.append(self._read(place, time))
                continue
            options = self._options[place]
            handles[place], x = tf.raw_ops.TensorListPopBack(input_handle=handles[place], **options)
            tensors.append(tf.ensure_shape(x, like.shape))
        return self.holding(handles), tensors

    def stack(self, place: int) -> Any:
        """All steps of the stack at `place`, (time, ...)."""
        options = self._options[place]
        return tf.raw_ops.TensorListStack(input_handle=self.handles[place], num_elements=-1, **options)

    def _read(self, place: int, time: Any) -> Any:
        x = tf.raw_ops.TensorListGetItem(input_handle=self.handles[place], index=time, **self._options[place])
        return tf.ensure_shape(x, self._like[place].shape)
