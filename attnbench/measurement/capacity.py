"""How much memory a run has: the GPU's, or this machine's unless a control group allows less."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from attnbench import backend

_GROUPS, _MOUNT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def memory_capacity_bytes() -> int | None:
    """Bytes that this process may hold on the device that computes; None where a GPU does not say."""
    if backend.device_name().startswith("GPU"):
        return _gpu_bytes(os.environ.get("CUDA_VISIBLE_DEVICES") or "0")
    return min([psutil.virtual_memory().total, *_group_limits()])


def _group_limits() -> Iterator[int]:
    """The limits of this process's control groups and of those above them (Linux, both versions)."""
    for line in _GROUPS.read_text().splitlines() if _GROUPS.exists() else ():
        _, controllers, name = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        group = Path(_MOUNT, controllers, name.lstrip("/"))
        for folder in (group, *group.parents):
            for file in ("memory.max", "memory.limit_in_bytes"):
                text = (folder / file).read_text().strip() if (folder / file).exists() else "max"
                if text != "max":
                    yield int(text)


def _gpu_bytes(name: str) -> int | None:
    """All memory of the first GPU in `name`, an index in PCI order or a UUID, as CUDA_VISIBLE_DEVICES has them."""
    import pynvml

    first = name.split(",")[0].strip()
    try:
        pynvml.nvmlInit()
        by_name = pynvml.nvmlDeviceGetHandleByIndex if first.isdigit() else pynvml.nvmlDeviceGetHandleByUUID
        return int(pynvml.nvmlDeviceGetMemoryInfo(by_name(int(first) if first.isdigit() else first)).total)
    except pynvml.NVMLError:
        return None
