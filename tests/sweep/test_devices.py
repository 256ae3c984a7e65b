"""What the machine offers, and what it lacks."""

import re
from importlib.metadata import PackageNotFoundError

import pytest

from attnbench.sweep import devices
from attnbench.sweep.devices import FirstGpu, check_backend, choose_device, find_gpu, processor_model, usable_cores
from tests.gpus import Card, install, install_none

ONE_GPU = FirstGpu("GPU-5e11", "Abacus 9")
NO_DRIVER = FirstGpu(missing="no NVIDIA driver answers (NVML Shared Library Not Found)")


def no_package(name: str) -> str:
    raise PackageNotFoundError(name)


def test_auto_takes_a_gpu_where_one_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "version", lambda name: "1.0")
    assert choose_device("auto", "tensorflow", ONE_GPU) == "gpu"
    assert choose_device("auto", "tensorflow", NO_DRIVER) == "cpu"
    assert choose_device("cpu", "tensorflow", ONE_GPU) == "cpu"


def test_a_gpu_that_is_requested_and_not_available_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    message = (
        "device=gpu is not available: no NVIDIA driver answers (NVML Shared Library Not Found). "
        "Fix this, or use device=cpu."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        choose_device("gpu", "tensorflow", NO_DRIVER)


@pytest.mark.parametrize(
    ("backend", "install"), [("tensorflow", "pip install 'attnbench[gpu]'"), ("jax", "pip install 'jax[cuda12]'")]
)
def test_a_framework_without_cuda_is_refused_by_the_name_of_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, backend: str, install: str
) -> None:
    monkeypatch.setattr(devices, "version", no_package)
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    message = (
        f"device=gpu is not available: the CUDA packages of {backend} are not installed ({install}). "
        "Fix this, or use device=cpu."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        choose_device("gpu", backend, ONE_GPU)


def test_a_backend_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "version", no_package)
    message = "backend=jax needs jax, which is not installed. pip install 'attnbench[jax]'"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_backend("jax")


ABACUS, SLIDE_RULE = Card("GPU-5e11", "Abacus 9"), Card("GPU-7a13", "Slide rule")


@pytest.mark.parametrize(
    ("visible", "first"),
    [
        (None, FirstGpu("GPU-5e11", "Abacus 9")),
        ("GPU-7a", FirstGpu("GPU-7a13", "Slide rule")),
        ("1,0", FirstGpu("GPU-7a13", "Slide rule")),
        ("-1", FirstGpu(missing="CUDA_VISIBLE_DEVICES is '-1', which hides every GPU")),
        ("7", FirstGpu(missing="CUDA_VISIBLE_DEVICES is '7': the NVIDIA driver lists 0 GPUs as '7'")),
    ],
)
def test_the_first_gpu_that_the_environment_names_gives_the_model(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, first: FirstGpu
) -> None:
    install(monkeypatch, ABACUS, SLIDE_RULE, visible=visible)
    assert find_gpu() == first


def test_a_machine_without_a_gpu_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    assert find_gpu() == FirstGpu(missing="the NVIDIA driver lists no GPU")
    install_none(monkeypatch)
    assert find_gpu() == NO_DRIVER


def test_this_machine_has_a_processor_with_a_name_and_cores() -> None:
    assert processor_model()
    assert usable_cores() >= 1
