"""What the machine offers, and what it lacks."""

import re
from importlib.metadata import PackageNotFoundError

import pytest
from pynvml import NVML_ERROR_INVALID_ARGUMENT

from attnbench.nvml import DriverError
from attnbench.sweep import devices
from attnbench.sweep.devices import Devices, check_backend, choose_device, find_gpus, processor_model, usable_cores

ONE_GPU = Devices(("0",), "Abacus 3000", "")
NO_DRIVER = Devices((), "", "no NVIDIA driver answers (NVML Shared Library Not Found)")


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


def test_gpus_that_the_environment_hides_are_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert find_gpus() == Devices((), "", "CUDA_VISIBLE_DEVICES is '-1', which hides every GPU")


def test_gpus_have_the_names_that_the_environment_gives_them_and_the_model_of_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("attnbench.nvml.gpu_count", lambda: 3)
    monkeypatch.setattr("attnbench.nvml.gpu_model", {"0": "Abacus 0", "2": "Abacus 2"}.__getitem__)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert find_gpus() == Devices(("0", "1", "2"), "Abacus 0", "")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, 1")
    assert find_gpus() == Devices(("2", "1"), "Abacus 2", "")


def test_a_gpu_that_the_environment_names_and_the_driver_does_not_list_is_not_available(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def model(name: str) -> str:
        raise DriverError(NVML_ERROR_INVALID_ARGUMENT)

    monkeypatch.setattr("attnbench.nvml.gpu_count", lambda: 3)
    monkeypatch.setattr("attnbench.nvml.gpu_model", model)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    missing = "CUDA_VISIBLE_DEVICES is '7', and the NVIDIA driver has no such GPU (Invalid Argument)"
    assert find_gpus() == Devices((), "", missing)


def test_this_machine_has_a_processor_with_a_name_and_cores() -> None:
    assert processor_model()
    assert usable_cores() >= 1
