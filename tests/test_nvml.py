"""What the NVIDIA driver reports, read from a stand-in of its library."""

import os
from types import SimpleNamespace

import pynvml
import pytest

from attnbench import nvml

UUIDS = ["GPU-5e11", "GPU-7a13"]


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver of two GPUs, whose handles are 0 and 1, and of a part of a GPU with the handle 7."""

    def by_uuid(name: str) -> int:
        if name != "MIG-3":
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return 7

    def by_index(index: int) -> int:
        if index >= len(UUIDS):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return index

    def processes(handle: int) -> list[SimpleNamespace]:
        mine = SimpleNamespace(pid=os.getpid(), usedGpuMemory=(300, 11)[handle])
        return [mine, SimpleNamespace(pid=os.getpid(), usedGpuMemory=None), SimpleNamespace(pid=0, usedGpuMemory=5000)]

    stand_in = {
        "Init": lambda: None,
        "Shutdown": lambda: None,
        "DeviceGetCount": lambda: len(UUIDS),
        "DeviceGetHandleByIndex": by_index,
        "DeviceGetHandleByUUID": by_uuid,
        "DeviceGetUUID": UUIDS.__getitem__,
        "DeviceGetName": lambda handle: f"Abacus {handle}",
        "DeviceGetMemoryInfo": lambda handle: SimpleNamespace(total=1000 + handle),
        "DeviceGetComputeRunningProcesses": processes,
    }
    for name, function in stand_in.items():
        monkeypatch.setattr(f"pynvml.nvml{name}", function)


@pytest.fixture
def no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    def init() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr("pynvml.nvmlInit", init)


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize(("name", "handle"), [("0", 0), ("1", 1), ("GPU-7a13", 1), ("GPU-5e", 0), ("MIG-3", 7)])
def test_a_gpu_is_found_by_its_index_its_uuid_or_the_beginning_of_one(name: str, handle: int) -> None:
    assert nvml.gpu_count() == 2
    assert nvml.gpu_model(name) == f"Abacus {handle}"
    assert nvml.gpu_memory_bytes(name) == 1000 + handle


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize("name", ["2", "GPU-9"])
def test_a_gpu_that_the_driver_does_not_list_has_no_model_and_no_memory(name: str) -> None:
    with pytest.raises(nvml.DriverError):
        nvml.gpu_model(name)
    assert nvml.gpu_memory_bytes(name) is None


@pytest.mark.usefixtures("driver")
def test_the_memory_of_this_process_is_summed_over_gpus() -> None:
    assert nvml.process_bytes() == 311


@pytest.mark.usefixtures("no_driver")
def test_without_a_driver_nothing_is_reported() -> None:
    assert nvml.gpu_memory_bytes("0") is None
    assert nvml.process_bytes() is None
    with pytest.raises(nvml.DriverError):
        nvml.gpu_count()
