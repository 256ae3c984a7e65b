"""Memory: how much a run has, and its peaks by the allocator, the resident size of the process, and the driver."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import psutil

from attnbench import backend, nvml

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")

CONTROL_GROUPS, MOUNT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
"""The control groups of this process, and the folder of all groups' files (Linux)."""


def memory_capacity_bytes(*, control_groups: Path = CONTROL_GROUPS, mount: Path = MOUNT) -> int | None:
    """Bytes that this process may hold on the device that computes; None where a GPU's driver does not report it."""
    if backend.device_name().startswith("GPU"):
        return nvml.gpu_memory_bytes()
    return min([psutil.virtual_memory().total, *_group_limits(control_groups, mount)])


def _group_limits(control_groups: Path, mount: Path) -> Iterator[int]:
    """The limits of this process's control groups and of those above them, in both versions of control groups."""
    for line in control_groups.read_text().splitlines() if control_groups.exists() else ():
        _, controllers, name = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        group = Path(mount, controllers, name.lstrip("/"))
        for folder in (group, *group.parents):
            for file in ("memory.max", "memory.limit_in_bytes"):
                limit = (folder / file).read_text().strip() if (folder / file).exists() else "max"
                if limit != "max":
                    yield int(limit)


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
    """Peaks over the timed windows of training only.

    Make it before the model is built: what is resident then is not counted as the model's.

    Attributes:
        peaks: largest `memory/*` values so far, bytes.
    """

    def __init__(self) -> None:
        self._before = psutil.Process().memory_info().rss
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
