"""What only the framework itself can do: time loops, compilation, random numbers, memory counters.

The names in `__all__` come from `tensorflow.py` or `jax.py`, whichever Keras computes with: both have them, with the
same signatures. Everything above this package is written in `keras.ops` alone.
"""

# ruff: noqa: F403, F405

from importlib import import_module
from typing import TYPE_CHECKING

import keras

if TYPE_CHECKING:
    from attnbench.backend.tensorflow import *

__all__ = [
    "RESETS_MEMORY_PEAK",
    "Adam",
    "compiled",
    "configure",
    "cross_entropy",
    "device_name",
    "fused",
    "matvec",
    "memory_peak_bytes",
    "product",
    "read",
    "reset_memory_peak",
    "rows_where",
    "scan",
    "tanh",
    "total",
    "training_step",
    "uniform",
    "vecmat",
]

_FRAMEWORKS = ("tensorflow", "jax")

if keras.backend.backend() not in _FRAMEWORKS:
    raise ValueError(
        f"Unknown backend {keras.backend.backend()!r}. Known: {', '.join(_FRAMEWORKS)}. "
        "Set KERAS_BACKEND to one of them."
    )
_framework = import_module(f"attnbench.backend.{keras.backend.backend()}")
globals().update({name: getattr(_framework, name) for name in __all__})
