"""Dropout whose randomness is an argument: the same key drops the same units, whatever ran before."""

import zlib

from keras import ops

from attnbench import backend
from attnbench.tensors import Shape, Tensor


class Dropout:
    """Drops units of one named tensor of the model.

    Args:
        rate: the share that is dropped, at least 0 and below 1.
        name: of the tensor; under one key, tensors of different names are dropped independently.
    """

    def __init__(self, rate: float, name: str) -> None:
        self.rate = rate
        self._stream = zlib.crc32(name.encode()) & 0x7FFFFFFF

    def mask(self, shape: Shape, key: Tensor, dtype: str) -> Tensor:
        """Factors of 0 and 1/(1 - rate) for units of `shape`; `key` is (2,) int32, seed and step."""
        remaining = backend.uniform(shape, key, self._stream) >= self.rate
        return ops.cast(remaining, dtype) * ops.cast(1 / (1 - self.rate), dtype)

    def __call__(self, x: Tensor, key: Tensor | None) -> Tensor:
        """Returns x with units dropped; x itself where `key` is None, which means inference."""
        if key is None or self.rate == 0:
            return x
        return x * self.mask(ops.shape(x), key, x.dtype)
