"""Dropout whose randomness is an argument: the same key drops the same units, whatever ran before."""

import zlib
from typing import Any

from keras import ops

from attnbench import backend


class Dropout:
    """Drops units at one named place of the model.

    Args:
        rate: the share that is dropped, at least 0 and below 1.
        place: the name of the place; two places with the same key drop independently.
    """

    def __init__(self, rate: float, place: str) -> None:
        self.rate = rate
        self._place = zlib.crc32(place.encode()) & 0x7FFFFFFF

    def mask(self, shape: Any, key: Any, dtype: str) -> Any:
        """Factors of 0 and 1/(1 - rate), to be multiplied with.

        Args:
            shape: of the units.
            key: (2,) int32, seed and step.
            dtype: of the factors.
        """
        kept = backend.uniform(shape, key, self._place) >= self.rate
        return ops.cast(kept, dtype) * ops.cast(1 / (1 - self.rate), dtype)

    def __call__(self, x: Any, key: Any) -> Any:
        """Returns x with units dropped; x itself where `key` is None, which means inference."""
        if key is None or self.rate == 0:
            return x
        return x * self.mask(ops.shape(x), key, x.dtype)
