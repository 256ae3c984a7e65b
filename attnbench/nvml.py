"""What the NVIDIA driver reports through its library NVML: without a framework, and without using a GPU.

A GPU, or a part of one (MIG), is known by its UUID. CUDA_VISIBLE_DEVICES may call it by its index in PCI order, by its
UUID or the beginning of one, or by MIG-<UUID of the GPU>/<GPU instance>/<compute instance>.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pynvml

DriverError = pynvml.NVMLError
"""There is no driver, or it refuses an answer."""

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The environment variable that names the GPUs of a process."""


@dataclass(frozen=True)
class Gpu:
    """A GPU or a part of one: its UUID and its model."""

    uuid: str
    model: str


def visible_gpus() -> list[Gpu]:
    """The GPUs that CUDA_VISIBLE_DEVICES names, each once and in its order; all that can compute where it is unset.

    As for CUDA, what follows -1 does not count, and a GPU that is divided stands for its first part.

    Raises:
        DriverError: there is no driver.
        ValueError: a name is not that of one GPU.
    """
    with _session():
        return [Gpu(_uuid(handle), str(pynvml.nvmlDeviceGetName(handle))) for handle in _visible()]


def gpu_memory_bytes() -> int | None:
    """All memory of the first visible GPU; None where the driver does not tell."""
    with suppress(DriverError, ValueError), _session():
        return int(pynvml.nvmlDeviceGetMemoryInfo(_visible()[0]).total)
    return None


def process_bytes() -> int | None:
    """Memory that this process holds on all GPUs together; None where the driver does not tell."""
    with suppress(DriverError), _session():
        parts = [part for gpu in _cards() for part in _parts(gpu)]
        processes = [each for part in parts for each in pynvml.nvmlDeviceGetComputeRunningProcesses(part)]
        return sum(each.usedGpuMemory or 0 for each in processes if each.pid == os.getpid()) or None
    return None


@contextmanager
def _session() -> Iterator[None]:
    pynvml.nvmlInit()
    try:
        yield
    finally:
        pynvml.nvmlShutdown()


def _uuid(handle: Any) -> str:
    return str(pynvml.nvmlDeviceGetUUID(handle))


def _cards() -> list[Any]:
    return [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]


def _parts(card: Any) -> list[Any]:
    """The parts of a card that is divided (MIG); another one is its own only part."""
    try:
        if not pynvml.nvmlDeviceGetMigMode(card)[0]:
            return [card]
    except pynvml.NVMLError_NotSupported:
        return [card]
    parts = []
    for index in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(card)):
        with suppress(pynvml.NVMLError_NotFound):  # fewer than there can be
            parts.append(pynvml.nvmlDeviceGetMigDeviceHandleByIndex(card, index))
    return parts


def _visible() -> list[Any]:
    cards, names = _cards(), os.environ.get(VISIBLE)
    if names is None:
        return [part for card in cards for part in _parts(card)]
    handles = {}
    for name in map(str.strip, names.split(",")):
        if name in ("", "-1"):
            break
        handle = _named(name, cards)
        handles[_uuid(handle)] = handle
    return list(handles.values())


def _named(name: str, cards: list[Any]) -> Any:
    """The part that has this name, or the first part of the card that has it."""
    if name.isdecimal():
        found = [part for card in cards[int(name) : int(name) + 1] for part in _parts(card)[:1]]
    else:
        found = [part for card in cards if _uuid(card).startswith(name) for part in _parts(card)[:1]]
        found += [part for card in cards for part in _parts(card) if part != card and _is_named(part, name, card)]
    if len(found) != 1:
        raise ValueError(f"{VISIBLE} is {os.environ[VISIBLE]!r}: the NVIDIA driver lists {len(found)} GPUs as {name!r}")
    return found[0]


def _is_named(part: Any, name: str, card: Any) -> bool:
    instances = pynvml.nvmlDeviceGetGpuInstanceId(part), pynvml.nvmlDeviceGetComputeInstanceId(part)
    return _uuid(part).startswith(name) or name == f"MIG-{_uuid(card)}/{instances[0]}/{instances[1]}"
