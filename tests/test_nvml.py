"""What the NVIDIA driver reports, read from a stand-in of its library."""

import re

import pytest

from attnbench import nvml
from attnbench.nvml import Gpu
from tests.gpus import Card, install, install_none

SMALL, LARGE = (
    Card("MIG-13aa", "Abacus 9 MIG 1g", memory_bytes=170),
    Card("MIG-17bb", "Abacus 9 MIG 2g", memory_bytes=340),
)
CARDS = (
    Card("GPU-5e11", "Abacus 9", memory_bytes=3000),
    Card("GPU-7a13", "Slide rule", memory_bytes=110, divisible=False),
    Card("GPU-7b19", "Abacus 9", parts={(3, 0): SMALL, (5, 1): LARGE}),
)


@pytest.mark.parametrize(
    ("visible", "uuids"),
    [
        (None, ["GPU-5e11", "GPU-7a13", "MIG-13aa", "MIG-17bb"]),
        ("1", ["GPU-7a13"]),
        (" 1, 0 ", ["GPU-7a13", "GPU-5e11"]),
        ("GPU-7a13", ["GPU-7a13"]),
        ("GPU-7a", ["GPU-7a13"]),
        ("1,GPU-7a13,0,1", ["GPU-7a13", "GPU-5e11"]),
        ("0,-1,1", ["GPU-5e11"]),
        ("-1", []),
        ("", []),
        ("MIG-17bb", ["MIG-17bb"]),
        ("MIG-17", ["MIG-17bb"]),
        ("MIG-GPU-7b19/5/1", ["MIG-17bb"]),
        ("2", ["MIG-13aa"]),
        ("GPU-7b", ["MIG-13aa"]),
    ],
)
def test_every_name_of_a_gpu_becomes_its_uuid(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, uuids: list[str]
) -> None:
    install(monkeypatch, *CARDS, visible=visible)
    assert [gpu.uuid for gpu in nvml.visible_gpus()] == uuids


def test_a_gpu_has_its_own_model_and_its_own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, *CARDS, visible="GPU-7a13")
    assert nvml.visible_gpus() == [Gpu("GPU-7a13", "Slide rule")]
    assert nvml.gpu_memory_bytes() == 110
    install(monkeypatch, *CARDS, visible="MIG-17bb")
    assert nvml.visible_gpus() == [Gpu("MIG-17bb", "Abacus 9 MIG 2g")]
    assert nvml.gpu_memory_bytes() == 340


@pytest.mark.parametrize(
    ("visible", "count", "name"), [("7", 0, "7"), ("0,7", 0, "7"), ("GPU-9", 0, "GPU-9"), ("GPU-7", 2, "GPU-7")]
)
def test_a_name_that_is_not_one_gpus_is_refused(
    monkeypatch: pytest.MonkeyPatch, visible: str, count: int, name: str
) -> None:
    install(monkeypatch, *CARDS, visible=visible)
    message = f"CUDA_VISIBLE_DEVICES is {visible!r}: the NVIDIA driver lists {count} GPUs as {name!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        nvml.visible_gpus()
    assert nvml.gpu_memory_bytes() is None


def test_the_memory_of_this_process_is_summed_over_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, *CARDS)
    assert nvml.process_bytes() == 300 + 11 + 17 + 34


def test_without_a_driver_nothing_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    install_none(monkeypatch)
    assert nvml.gpu_memory_bytes() is None
    assert nvml.process_bytes() is None
    with pytest.raises(nvml.DriverError):
        nvml.visible_gpus()
