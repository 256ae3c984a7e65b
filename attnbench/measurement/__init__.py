"""What a run costs: time, memory, floating-point operations."""

from attnbench.measurement.memory import (
    MemoryPeaks,
    memory_capacity_bytes,
    process_peak_bytes,
    used_peak_bytes,
)
from attnbench.measurement.speed import PRODUCTS, StepClock, Window, matrix_rate

__all__ = [
    "PRODUCTS",
    "MemoryPeaks",
    "StepClock",
    "Window",
    "matrix_rate",
    "memory_capacity_bytes",
    "process_peak_bytes",
    "used_peak_bytes",
]
