"""The part of the machine that one run has to itself: cores, a GPU, and the child's environment that names them.

Runs at the same time, of one sweep or of several, get different cores and GPUs: each is a locked file in the user's
cache folder, where nobody else can write. It is held as long as the run lasts, and the kernel releases it when its
holder dies.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from attnbench import nvml
from attnbench.config import RunConfig
from attnbench.records import acquire, machine_folder

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_WAIT_SECONDS = 0.5


@dataclass(frozen=True)
class Share:
    """Cores to pin the child to (None: not pinned) and the UUID of the GPU that it may see (None: none)."""

    cores: frozenset[int] | None
    gpu: str | None


@contextmanager
def share(config: RunConfig, device: str, give_up: Callable[[], bool]) -> Iterator[Share | None]:
    """Holds a share of the machine while the body runs; None where `give_up` turned true before a GPU was free.

    `config.threads` cores are reserved where that is less than all; `config.device` gpu reserves a visible GPU of the
    model `device`.

    Raises:
        ValueError: there is none, or `CUDA_VISIBLE_DEVICES` names one that does not exist.
    """
    with ExitStack() as held:
        gpu = None
        if config.device == "gpu":
            gpu = _wait_for_one(_gpus(device), held, give_up)
            if gpu is None:
                yield None
                return
        yield Share(_free_cores(config.threads, held), gpu)


def environment(config: RunConfig, gpu: str | None) -> dict[str, str]:
    """The environment variables that tell the child its share; it reads them before it imports a framework."""
    variables = {
        "KERAS_BACKEND": config.backend,
        "KERAS_NNX_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONUNBUFFERED": "1",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        nvml.VISIBLE: "-1" if gpu is None else gpu,
    }
    if config.backend == "jax" and gpu is None:
        variables["JAX_PLATFORMS"] = "cpu"
    if config.backend == "jax" and config.training.deterministic:
        variables["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true".strip()
    if config.threads is not None:
        variables |= dict.fromkeys(_THREAD_VARIABLES, str(config.threads))
    return variables


def _free_cores(threads: int | None, held: ExitStack) -> frozenset[int] | None:
    allowed = sorted(os.sched_getaffinity(0))
    if threads is None or threads >= len(allowed):
        return None
    reserved: list[int] = []
    with ExitStack() as taken:
        for core in allowed:
            if _reserve(f"core-{core}", taken):
                reserved.append(core)
            if len(reserved) == threads:
                held.enter_context(taken.pop_all())
                return frozenset(reserved)
    return None


def _gpus(model: str) -> list[str]:
    try:
        uuids = [gpu.uuid for gpu in nvml.visible_gpus() if gpu.model == model]
    except nvml.DriverError as error:
        raise ValueError(f"The run needs a GPU, and no NVIDIA driver answers ({error}). Repeat the command.") from error
    if not uuids:
        raise ValueError(f"The run was planned for a GPU {model!r}, and no visible GPU is one. Repeat the command.")
    return uuids


def _wait_for_one(gpus: Sequence[str], held: ExitStack, give_up: Callable[[], bool]) -> str | None:
    while not give_up():
        for gpu in gpus:
            if _reserve(f"gpu-{gpu}", held):
                return gpu
        time.sleep(_WAIT_SECONDS)
    return None


def _reserve(name: str, held: ExitStack) -> bool:
    lock = acquire(machine_folder() / f"{name.replace(os.sep, '_')}.lock")
    if lock is not None:
        held.callback(lock.release)
    return lock is not None
