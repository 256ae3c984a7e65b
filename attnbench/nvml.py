"""What the NVIDIA driver reports through its library NVML: without a framework, and without using a GPU.

A GPU is named as CUDA_VISIBLE_DEVICES names it: by its index in PCI order, or by its UUID or the beginning of one.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pynvml

DriverError = pynvml.NVMLError
"""There is no driver, or it refuses an answer."""


def gpu_count() -> int:
    """How many GPUs the driver lists; raises DriverError where there is no driver."""
    with _session():
        return int(pynvml.nvmlDeviceGetCount())


def gpu_model(name: str) -> str:
    """The model of the GPU `name`; raises DriverError where the driver does not list it."""
    with _session():
        return str(pynvml.nvmlDeviceGetName(_handle(name)))


def gpu_memory_bytes(name: str) -> int | None:
    """All memory of the GPU `name`; None where the driver does not tell."""
    with suppress(DriverError), _session():
        return int(pynvml.nvmlDeviceGetMemoryInfo(_handle(name)).total)
    return None


def process_bytes() -> int | None:
    """Memory that this process holds on all GPUs together; None where the driver does not tell."""
    with suppress(DriverError), _session():
        processes = [each for gpu in _handles() for each in pynvml.nvmlDeviceGetComputeRunningProcesses(gpu)]
        return sum(each.usedGpuMemory or 0 for each in processes if each.pid == os.getpid()) or None
    return None


@contextmanager
def _session() -> Iterator[None]:
    pynvml.nvmlInit()
    try:
        yield
    finally:
        pynvml.nvmlShutdown()


def _handles() -> list[Any]:
    return [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]


def _handle(name: str) -> Any:
    if name.isdigit():
        return pynvml.nvmlDeviceGetHandleByIndex(int(name))
    for gpu in _handles():
        if pynvml.nvmlDeviceGetUUID(gpu).startswith(name):
            return gpu
    return pynvml.nvmlDeviceGetHandleByUUID(name)  # a part of a GPU (MIG) is in no list of GPUs
