"""The processor or GPU that runs compute on, found without loading a framework; its model identifies a run too."""

import ctypes.util
import math
import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from attnbench import nvml

_CUDA_PACKAGES = {
    "tensorflow": ("nvidia-cudnn-cu12", "nvidia-cudnn-cu13"),
    "jax": ("jax-cuda12-plugin", "jax-cuda13-plugin"),
}
_CUDA_INSTALL = {"tensorflow": "pip install 'attnbench[gpu]'", "jax": "pip install 'jax[cuda12]'"}


@dataclass(frozen=True)
class FirstGpu:
    """The first visible GPU: runs use it and others of its model.

    Attributes:
        uuid: empty where there is none.
        model: empty where there is none.
        missing: why there is none; empty where there is one.
    """

    uuid: str = ""
    model: str = ""
    missing: str = ""


def find_gpu() -> FirstGpu:
    """Asks the NVIDIA driver; the reason why no GPU can be used goes into `missing`."""
    visible = os.environ.get(nvml.VISIBLE)
    try:
        gpus = nvml.visible_gpus()
    except nvml.DriverError as error:
        return FirstGpu(missing=f"no NVIDIA driver answers ({error})")
    except ValueError as error:
        return FirstGpu(missing=str(error))
    if gpus:
        return FirstGpu(gpus[0].uuid, gpus[0].model)
    hidden = f"{nvml.VISIBLE} is {visible!r}, which hides every GPU"
    return FirstGpu(missing="the NVIDIA driver lists no GPU" if visible is None else hidden)


def choose_device(requested: str, backend: str, first: FirstGpu) -> Literal["cpu", "gpu"]:
    """Returns cpu or gpu for `device=auto|cpu|gpu`.

    Raises:
        ValueError: `device=gpu`, and something that it needs is missing.
    """
    if requested == "cpu":
        return "cpu"
    missing = first.missing
    if not missing:
        if _has_cuda(backend):
            return "gpu"
        missing = f"the CUDA packages of {backend} are not installed ({_CUDA_INSTALL[backend]})"
    if requested == "gpu":
        raise ValueError(f"device=gpu is not available: {missing}. Fix this, or use device=cpu.")
    return "cpu"


def check_backend(backend: str) -> None:
    """Raises ValueError where the framework of `backend` is not installed."""
    if installed(backend) is None:
        extra = "attnbench[jax]" if backend == "jax" else backend
        raise ValueError(f"backend={backend} needs {backend}, which is not installed. pip install '{extra}'")


def processor_model() -> str:
    """The name of this machine's processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def usable_cores() -> int:
    """CPU cores that this process may use: its affinity, and its control group's quota where there is one."""
    cores = len(os.sched_getaffinity(0))
    limit = Path("/sys/fs/cgroup/cpu.max")
    quota, period = limit.read_text().split() if limit.exists() else ("max", "")
    return cores if quota == "max" else max(1, min(cores, math.ceil(int(quota) / int(period))))


def installed(package: str) -> str | None:
    """The version of a package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _has_cuda(backend: str) -> bool:
    if any(map(installed, _CUDA_PACKAGES[backend])):
        return True
    return backend == "tensorflow" and ctypes.util.find_library("cudnn") is not None
