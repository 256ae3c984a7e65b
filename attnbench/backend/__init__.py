"""What only the framework itself can do: time loops, compilation, random numbers, memory counters.

One module a framework with the same names in each; everything above this package is written in `keras.ops` alone.
"""

import keras

if keras.backend.backend() == "tensorflow":
    from attnbench.backend.tensorflow import (
        RESETS_MEMORY_PEAK,
        Adam,
        compiled,
        configure,
        cross_entropy,
        device_name,
        fused,
        kept_rows,
        matvec,
        memory_peak_bytes,
        product,
        read,
        reset_memory_peak,
        scan,
        tanh,
        total,
        training_step,
        uniform,
        vecmat,
    )
elif keras.backend.backend() == "jax":
    from attnbench.backend.jax import (
        RESETS_MEMORY_PEAK,
        Adam,
        compiled,
        configure,
        cross_entropy,
        device_name,
        fused,
        kept_rows,
        matvec,
        memory_peak_bytes,
        product,
        read,
        reset_memory_peak,
        scan,
        tanh,
        total,
        training_step,
        uniform,
        vecmat,
    )
else:
    raise ValueError(
        f"Unknown backend {keras.backend.backend()!r}. Known: tensorflow, jax. Set KERAS_BACKEND to one of them."
    )

__all__ = [
    "RESETS_MEMORY_PEAK",
    "Adam",
    "compiled",
    "configure",
    "cross_entropy",
    "device_name",
    "fused",
    "kept_rows",
    "matvec",
    "memory_peak_bytes",
    "product",
    "read",
    "reset_memory_peak",
    "scan",
    "tanh",
    "total",
    "training_step",
    "uniform",
    "vecmat",
]
