"""The processor or GPU that runs use, determined without loading a framework; its model identifies a run too."""

import ctypes.util
import math
import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_CUDA_PACKAGES = {
    "tensorflow": ("nvidia-cudnn-cu12", "nvidia-cudnn-cu13"),
    "jax": ("jax-cuda12-plugin", "jax-cuda13-plugin"),
}
_CUDA_INSTALL = {"tensorflow": "pip install 'attnbench[gpu]'", "jax": "pip install 'jax[cuda12]'"}


@dataclass(frozen=True)
class Devices:
    """The machine's usable GPUs, as `CUDA_VISIBLE_DEVICES` names them, their model, and why there are none."""

    gpus: tuple[str, ...]
    gpu_model: str
    missing: str


def find_gpus() -> Devices:
    """Asks the NVIDIA driver; what keeps GPUs from being used goes into `missing`."""
    import pynvml

    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1"):
        return Devices((), "", f"CUDA_VISIBLE_DEVICES is {visible!r}, which hides every GPU")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return Devices((), "", f"no NVIDIA driver answers ({error})")
    try:
        count = pynvml.nvmlDeviceGetCount()
        if not count:
            return Devices((), "", "the NVIDIA driver lists no GPU")
        names = [name.strip() for name in visible.split(",")] if visible else [str(index) for index in range(count)]
        index = int(names[0]) if names[0].isdigit() and int(names[0]) < count else 0
        return Devices(tuple(names), str(pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(index))), "")
    finally:
        pynvml.nvmlShutdown()


def choose_device(option: str, backend: str, devices: Devices) -> str:
    """Returns cpu or gpu for `device=auto|cpu|gpu`.

    Raises:
        ValueError: `device=gpu`, and something that it needs is missing.
    """
    if option == "cpu":
        return "cpu"
    missing = devices.missing or _missing_packages(backend)
    if not missing:
        return "gpu"
    if option == "gpu":
        raise ValueError(f"device=gpu is not available: {missing}. Provide it, or use device=cpu.")
    return "cpu"


def check_backend(backend: str) -> None:
    """Raises ValueError where the framework of `backend` is not installed."""
    try:
        version(backend)
    except PackageNotFoundError:
        extra = "attnbench[jax]" if backend == "jax" else backend
        raise ValueError(f"backend={backend} needs {backend}, which is not installed. pip install '{extra}'") from None


def processor_model() -> str:
    """The name of this machine's processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def usable_cores() -> int:
    """CPU cores that this process may use: its affinity, and its control group's quota where there is one."""
    cores = len(os.sched_getaffinity(0))
    quota = Path("/sys/fs/cgroup/cpu.max")
    limit, *period = quota.read_text().split() if quota.exists() else ["max"]
    return cores if limit == "max" else max(1, min(cores, math.ceil(int(limit) / int(period[0]))))


def _missing_packages(backend: str) -> str:
    names = _CUDA_PACKAGES[backend]
    for name in names:
        try:
            version(name)
        except PackageNotFoundError:
            continue
        return ""
    if backend == "tensorflow" and ctypes.util.find_library("cudnn"):
        return ""
    return f"the CUDA packages of {backend} are not installed ({_CUDA_INSTALL[backend]})"
