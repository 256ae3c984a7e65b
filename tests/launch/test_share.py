"""Cores and GPUs are handed out once, and waited for."""

import os
from contextlib import ExitStack
from dataclasses import replace

import pytest

from attnbench.config import RunConfig
from attnbench.launch import environment
from attnbench.launch.share import share


def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {3, 5, 7, 11})


def test_two_runs_get_different_cores_and_a_third_is_not_pinned(
    default_config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    four_cores(monkeypatch)
    config = replace(default_config, device="cpu", threads=2)
    with ExitStack() as held:
        shares = [held.enter_context(share(config, (), give_up=lambda: False)) for _ in range(3)]
    cores = [each.cores for each in shares if each is not None]
    assert cores == [frozenset({3, 5}), frozenset({7, 11}), None]


def test_cores_come_back_when_a_run_ends(default_config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    four_cores(monkeypatch)
    config = replace(default_config, device="cpu", threads=3)
    for _ in range(2):
        with share(config, (), give_up=lambda: False) as held:
            assert held is not None
            assert held.cores == {3, 5, 7}


def test_a_run_that_may_use_all_cores_is_not_pinned(default_config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    four_cores(monkeypatch)
    with share(replace(default_config, device="cpu", threads=4), (), give_up=lambda: False) as held:
        assert held is not None
        assert held.cores is None


def test_each_run_gets_its_own_gpu_and_gives_up_where_none_is_free(default_config: RunConfig) -> None:
    config = replace(default_config, device="gpu", threads=None)
    with (
        share(config, ("2", "5"), give_up=lambda: False) as first,
        share(config, ("2", "5"), give_up=lambda: False) as second,
        share(config, ("2", "5"), give_up=iter([False, True]).__next__) as third,
    ):
        assert first is not None
        assert second is not None
        assert (first.gpu, second.gpu, third) == ("2", "5", None)


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
    assert "XLA_FLAGS" not in environment(config, "5")
    config = replace(config, training=replace(config.training, deterministic=True))
    assert environment(config, "5")["XLA_FLAGS"] == "--xla_dump_to=dump --xla_gpu_deterministic_ops=true"


def test_a_run_on_a_gpu_sees_that_one_alone(default_config: RunConfig) -> None:
    variables = environment(default_config, "5")
    assert variables["CUDA_VISIBLE_DEVICES"] == "5"
    assert "JAX_PLATFORMS" not in variables
