"""Peaks of memory: the framework's allocator, the resident size of the process, and the GPU's own figure."""

import os
import resource
from pathlib import Path

import psutil

from attnbench import backend, nvml

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident_bytes() -> int:
    """Resident size of this process now."""
    return psutil.Process().memory_info().rss


def process_peak_bytes() -> int:
    """Largest resident size since the process began or the peak was last reset (Linux)."""
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def used_peak_bytes() -> int:
    """The peak, since `MemoryPeaks.begin`, of what a run can run out of: the GPU allocator's or this process's own."""
    if backend.device_name().startswith("GPU"):
        return backend.memory_peak_bytes() or 0
    return process_peak_bytes()


class MemoryPeaks:
    """Peaks over the timed windows of training alone.

    Make it before the model is built: what is resident then is not counted as the model's.

    Attributes:
        peaks: largest `memory/*` values so far, bytes.
    """

    def __init__(self) -> None:
        self._before = resident_bytes()
        self.peaks: dict[str, float] = {}

    def begin(self) -> None:
        """Resets the peaks at the start of a window. The process's own peak is read first: the reset clears it too."""
        self._raise("memory/process_peak_bytes", process_peak_bytes())
        if os.access(_CLEAR, os.W_OK):
            _CLEAR.write_text("5")
        backend.reset_memory_peak()

    def end(self) -> None:
        """Takes the peaks of a window that counts."""
        self._raise("memory/train_peak_bytes", backend.memory_peak_bytes())
        self._raise("memory/train_peak_resident_bytes", process_peak_bytes() - self._before)

    def _raise(self, key: str, value: int | None) -> None:
        if value:
            self.peaks[key] = max(self.peaks.get(key, 0.0), float(value))

    def metrics(self) -> dict[str, float]:
        """The `memory/*` metrics, without those that this device does not report."""
        self._raise("memory/process_peak_bytes", process_peak_bytes())
        self._raise("memory/device_process_peak_bytes", nvml.process_bytes())
        return dict(self.peaks)
