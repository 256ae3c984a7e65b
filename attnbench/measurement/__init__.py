"""What a run costs: time, memory, floating-point operations."""

from attnbench.measurement.capacity import memory_capacity_bytes
from attnbench.measurement.memory import MemoryPeaks, process_peak_bytes, resident_bytes, used_peak_bytes
from attnbench.measurement.rate import PRODUCTS, matrix_rate
from attnbench.measurement.windows import StepClock, Window

__all__ = [
    "PRODUCTS",
    "MemoryPeaks",
    "StepClock",
    "Window",
    "matrix_rate",
    "memory_capacity_bytes",
    "process_peak_bytes",
    "resident_bytes",
    "used_peak_bytes",
]
