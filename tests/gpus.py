"""A stand-in for the NVIDIA driver: cards, whole or divided into parts (MIG)."""

import os
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest


@dataclass(frozen=True)
class Card:
    """A GPU or a part of one; `parts` by GPU instance and compute instance."""

    uuid: str
    model: str
    memory_bytes: int = 1000
    parts: dict[tuple[int, int], "Card"] = field(default_factory=dict)
    divisible: bool = True


def install(monkeypatch: pytest.MonkeyPatch, *cards: Card, visible: str | None = None) -> None:
    """Makes `cards` those of this machine, and `visible` the value of CUDA_VISIBLE_DEVICES; None unsets it."""
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    instances = {part.uuid: numbers for card in cards for numbers, part in card.parts.items()}

    def at(many: Any, index: int, code: int) -> Card:
        if index >= len(many):
            raise pynvml.NVMLError(code)
        found: Card = list(many)[index]
        return found

    def divided(card: Card) -> list[bool]:
        if not card.divisible:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return [bool(card.parts)] * 2

    def processes(card: Card) -> list[SimpleNamespace]:
        mine = SimpleNamespace(pid=os.getpid(), usedGpuMemory=card.memory_bytes // 10)
        return [mine, SimpleNamespace(pid=os.getpid(), usedGpuMemory=None), SimpleNamespace(pid=0, usedGpuMemory=5000)]

    stand_in = {
        "Init": lambda: None,
        "Shutdown": lambda: None,
        "DeviceGetCount": lambda: len(cards),
        "DeviceGetHandleByIndex": lambda index: at(cards, index, pynvml.NVML_ERROR_INVALID_ARGUMENT),
        "DeviceGetMigMode": divided,
        "DeviceGetMaxMigDeviceCount": lambda card: 7,
        "DeviceGetMigDeviceHandleByIndex": lambda card, index: at(
            card.parts.values(), index, pynvml.NVML_ERROR_NOT_FOUND
        ),
        "DeviceGetGpuInstanceId": lambda part: instances[part.uuid][0],
        "DeviceGetComputeInstanceId": lambda part: instances[part.uuid][1],
        "DeviceGetUUID": lambda card: card.uuid,
        "DeviceGetName": lambda card: card.model,
        "DeviceGetMemoryInfo": lambda card: SimpleNamespace(total=card.memory_bytes),
        "DeviceGetComputeRunningProcesses": processes,
    }
    for name, function in stand_in.items():
        monkeypatch.setattr(f"pynvml.nvml{name}", function)


def install_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes this a machine without a driver."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def init() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr("pynvml.nvmlInit", init)
