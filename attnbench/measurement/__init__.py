"""What a run costs: time, memory, floating-point operations."""

from attnbench.measurement.disturbance import Stopwatch, mean_disturbance
from attnbench.measurement.memory import (
    MemoryPeaks,
    memory_capacity_bytes,
    process_peak_bytes,
    used_peak_bytes,
)
from attnbench.measurement.quiet import Turnstile
from attnbench.measurement.speed import PRODUCTS, StepClock, matrix_rate

__all__ = [
    "PRODUCTS",
    "MemoryPeaks",
    "StepClock",
    "Stopwatch",
    "Turnstile",
    "matrix_rate",
    "mean_disturbance",
    "memory_capacity_bytes",
    "process_peak_bytes",
    "used_peak_bytes",
]
