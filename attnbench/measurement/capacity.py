"""How much memory a run has: the GPU's, or this machine's unless a control group allows less."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from attnbench import backend, nvml

CONTROL_GROUPS, MOUNT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
"""The control groups of this process, and the folder of all groups' files (Linux)."""


def memory_capacity_bytes(*, control_groups: Path = CONTROL_GROUPS, mount: Path = MOUNT) -> int | None:
    """Bytes that this process may hold on the device that computes; None where a GPU's driver does not tell."""
    if backend.device_name().startswith("GPU"):
        return nvml.gpu_memory_bytes((os.environ.get("CUDA_VISIBLE_DEVICES") or "0").split(",")[0].strip())
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
