"""Cores and GPUs are handed out once, and waited for."""

import os
import platform
import re
import stat
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from attnbench.config import RunConfig
from attnbench.launch import environment
from attnbench.launch.share import share
from tests.gpus import Card, install, install_none


def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {3, 5, 7, 11})


def test_two_runs_get_different_cores_and_a_third_is_not_pinned(
    default_config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    four_cores(monkeypatch)
    config = replace(default_config, device="cpu", threads=2)
    with ExitStack() as held:
        shares = [held.enter_context(share(config, "", give_up=lambda: False)) for _ in range(3)]
    cores = [each.cores for each in shares if each is not None]
    assert cores == [frozenset({3, 5}), frozenset({7, 11}), None]


def test_cores_come_back_when_a_run_ends(default_config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    four_cores(monkeypatch)
    config = replace(default_config, device="cpu", threads=3)
    for _ in range(2):
        with share(config, "", give_up=lambda: False) as held:
            assert held is not None
            assert held.cores == {3, 5, 7}


def test_a_run_that_may_use_all_cores_is_not_pinned(default_config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    four_cores(monkeypatch)
    with share(replace(default_config, device="cpu", threads=4), "", give_up=lambda: False) as held:
        assert held is not None
        assert held.cores is None


MODEL = "Abacus 9"
CARDS = (
    Card("GPU-5e11", MODEL),
    Card("GPU-7a13", "Slide rule"),
    Card("GPU-7b19", MODEL, parts={(3, 0): Card("MIG-13/3/0", MODEL)}),
)


def test_each_run_gets_its_own_gpu_of_its_model_and_gives_up_where_none_is_free(
    default_config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(default_config, device="gpu", threads=None)
    install(monkeypatch, *CARDS, visible="0,1,2,GPU-5e11")
    with (
        share(config, MODEL, give_up=lambda: False) as first,
        share(config, MODEL, give_up=lambda: False) as second,
        share(config, MODEL, give_up=iter([False, True]).__next__) as third,
    ):
        assert first is not None
        assert second is not None
        assert (first.gpu, second.gpu, third) == ("GPU-5e11", "MIG-13/3/0", None)


def test_a_run_without_a_gpu_of_its_model_is_refused(
    default_config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(default_config, device="gpu", threads=None)
    install(monkeypatch, *CARDS, visible="1")
    message = "The run was planned for a GPU 'Abacus 9', and no visible GPU is one. Repeat the command."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"), share(config, MODEL, give_up=lambda: False):
        pass
    install_none(monkeypatch)
    message = "The run needs a GPU, and no NVIDIA driver answers (NVML Shared Library Not Found). Repeat the command."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"), share(config, MODEL, give_up=lambda: False):
        pass


def test_what_is_reserved_is_locked_in_a_folder_of_the_users_own(
    default_config: RunConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    four_cores(monkeypatch)
    with share(replace(default_config, device="cpu", threads=1), "", give_up=lambda: False):
        (lock,) = tmp_path.rglob("core-3.lock")
        assert lock.parent == tmp_path / "cache" / "attnbench" / "locks" / platform.node()
        assert stat.S_IMODE(lock.parent.stat().st_mode) == 0o700


def test_a_run_on_the_processor_sees_no_gpu_and_its_own_number_of_threads(default_config: RunConfig) -> None:
    variables = environment(replace(default_config, backend="jax", threads=3), None)
    assert variables["KERAS_BACKEND"] == "jax"
    assert variables["CUDA_VISIBLE_DEVICES"] == "-1"
    assert variables["JAX_PLATFORMS"] == "cpu"
    assert variables["OMP_NUM_THREADS"] == "3"


def test_jax_is_deterministic_on_request_and_keeps_the_flags_of_the_user(
    default_config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=dump")
    config = replace(default_config, backend="jax")
    assert "XLA_FLAGS" not in environment(config, "GPU-5e11")
    config = replace(config, training=replace(config.training, deterministic=True))
    assert environment(config, "GPU-5e11")["XLA_FLAGS"] == "--xla_dump_to=dump --xla_gpu_deterministic_ops=true"


def test_a_run_on_a_gpu_sees_that_one_alone(default_config: RunConfig) -> None:
    variables = environment(default_config, "GPU-5e11")
    assert variables["CUDA_VISIBLE_DEVICES"] == "GPU-5e11"
    assert "JAX_PLATFORMS" not in variables
