"""What identifies a run in addition to its configuration, and where it comes from."""

import json
import os
import platform
import shlex
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from attnbench.config import RunConfig
from attnbench.records import Facts, Provenance
from attnbench.sweep.devices import (
    FirstGpu,
    check_backend,
    choose_device,
    find_gpu,
    installed,
    processor_model,
    usable_cores,
)
from attnbench.sweep.source_digest import source_digest
from attnbench.tracking import public

_FRAMEWORKS = {"tensorflow": ("keras", "tensorflow"), "jax": ("keras", "jax", "jaxlib")}
_VARIABLES = {
    "tensorflow": (
        "DNNL_DEFAULT_FPMATH_MODE",
        "DNNL_MAX_CPU_ISA",
        "NVIDIA_TF32_OVERRIDE",
        "ONEDNN_DEFAULT_FPMATH_MODE",
        "ONEDNN_MAX_CPU_ISA",
        "TF_CUDNN_DETERMINISTIC",
        "TF_CUDNN_USE_AUTOTUNE",
        "TF_DETERMINISTIC_OPS",
        "TF_ENABLE_CUBLAS_TENSOR_OP_MATH_FP32",
        "TF_ENABLE_CUDNN_TENSOR_OP_MATH_FP32",
        "TF_ENABLE_ONEDNN_OPTS",
        "TF_XLA_FLAGS",
        "XLA_FLAGS",
    ),
    "jax": (
        "JAX_DEFAULT_DTYPE_BITS",
        "JAX_DEFAULT_PRNG_IMPL",
        "JAX_DISABLE_JIT",
        "JAX_ENABLE_X64",
        "JAX_NUMPY_DTYPE_PROMOTION",
        "JAX_THREEFRY_PARTITIONABLE",
        "NVIDIA_TF32_OVERRIDE",
        "XLA_FLAGS",
    ),
}
"""The environment variables by which a user changes what a backend computes."""
_PACKAGES = ("attnbench", "keras", "tensorflow", "jax", "jaxlib", "numpy", "sacrebleu", "sentencepiece", "mlflow")


class Survey:
    """The machine and the data sets of one sweep, each examined once, for `parallel` runs at once; -1: one per core."""

    def __init__(self, parallel: int) -> None:
        self._parallel = parallel
        self._digests: dict[str, dict[str, str]] = {}

    @cached_property
    def first_gpu(self) -> FirstGpu:
        """The first visible GPU, asked for when a run could first take one."""
        return find_gpu()

    @cached_property
    def parallel(self) -> int:
        """How many runs share this machine at once."""
        return usable_cores() if self._parallel < 0 else self._parallel

    def decide(self, config: RunConfig) -> RunConfig:
        """`config` with what it left open decided: the device, and the number of threads.

        Raises:
            ValueError: the backend is not installed, or `device=gpu` is not available.
        """
        check_backend(config.backend)
        device = "cpu" if config.device == "cpu" else choose_device(config.device, config.backend, self.first_gpu)
        threads = config.threads or max(1, usable_cores() // self.parallel)
        return replace(config, device=device, threads=threads)

    def facts(self, config: RunConfig) -> Facts:
        """What enters the signature in addition to a decided `config`.

        Raises:
            ValueError: the data set cannot be used, or the user's mechanism cannot be found.
        """
        assert config.threads is not None
        return Facts(
            data={} if config.task == "profile" else self._data_digests(config),
            device=self.first_gpu.model if config.device == "gpu" else processor_model(),
            mechanism=source_digest(config.attention.target) if config.attention.target else None,
            threads=config.threads,
            versions={name: version(name) for name in _FRAMEWORKS[config.backend]} | _variables(config.backend),
        )

    def _data_digests(self, config: RunConfig) -> dict[str, str]:
        from attnbench.data import check, digests

        key = json.dumps([asdict(config.data), config.sequence_length], sort_keys=True)
        if key not in self._digests:
            check(config.data, sequence_length=config.sequence_length)
            self._digests[key] = digests(config.data)
        return self._digests[key]


def _variables(backend: str) -> dict[str, str]:
    return {name: value for name in _VARIABLES[backend] if (value := os.environ.get(name))}


def provenance(command: str) -> Provenance:
    """Where results come from: commit, command, versions; no part of the signature."""
    commit, dirty = _commit()
    return Provenance(
        command=command,
        commit=commit,
        dirty=dirty,
        device="",
        python=platform.python_version(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={name: found for name in _PACKAGES if (found := installed(name))},
    )


def command_line() -> str:
    """The command as a user types it, free of this machine's paths and of passwords."""
    return shlex.join(["python", "-m", "attnbench", *map(public, sys.argv[1:])])


def _commit() -> tuple[str | None, bool | None]:
    """The commit of this checkout, and whether code or configurations differ from it; (None, None) outside a checkout.

    Reports differ as soon as one is written again, which changes no run.
    """
    try:
        if _git("ls-files", "--error-unmatch", "__init__.py").returncode:
            return None, None
        head = _git("rev-parse", "HEAD").stdout.strip()
        sources = (":/attnbench", ":/conf", ":/experiments")
        changes = _git("status", "--porcelain", "--untracked-files=no", "--", *sources).stdout.strip()
    except FileNotFoundError:
        return None, None
    return head or None, bool(changes)


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    package = Path(__file__).parents[1]
    return subprocess.run(["git", "-C", str(package), *arguments], capture_output=True, text=True)
