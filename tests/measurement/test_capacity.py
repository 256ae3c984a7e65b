"""How much memory there is, read from stand-ins of the kernel's files and of the driver."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from attnbench.measurement import memory_capacity_bytes
from tests.gpus import Card, install

TOTAL_BYTES = 7000


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 7000 bytes; the folder of its control groups."""
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=TOTAL_BYTES))
    monkeypatch.setattr("attnbench.backend.device_name", lambda: "CPU:0")
    return tmp_path / "mount"


def capacity(machine: Path) -> int | None:
    return memory_capacity_bytes(control_groups=machine.parent / "cgroup", mount=machine)


def limit(folder: Path, file: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(f"{text}\n")


def test_without_control_groups_it_is_the_machines(machine: Path) -> None:
    assert capacity(machine) == TOTAL_BYTES


def test_the_least_limit_of_a_group_and_those_above_it_counts(machine: Path) -> None:
    (machine.parent / "cgroup").write_text("0::/job/step\n")
    limit(machine / "job" / "step", "memory.max", "max")
    limit(machine / "job", "memory.max", "3000")
    limit(machine, "memory.max", "5000")
    assert capacity(machine) == 3000


def test_groups_of_the_first_version_have_a_limit_beyond_all_memory_or_a_true_one(machine: Path) -> None:
    (machine.parent / "cgroup").write_text("8:pids:/job\n4:memory:/job\n0::/\n")
    limit(machine / "memory", "memory.limit_in_bytes", "9223372036854771712")
    assert capacity(machine) == TOTAL_BYTES
    limit(machine / "memory" / "job", "memory.limit_in_bytes", "2000")
    assert capacity(machine) == 2000


def test_on_a_gpu_it_is_what_the_driver_reports_of_the_first_visible_one(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attnbench.backend.device_name", lambda: "GPU:0")
    install(monkeypatch, Card("GPU-5e11", "Abacus 9"), Card("GPU-7a13", "Abacus 9", memory_bytes=1300), visible="1,0")
    assert capacity(machine) == 1300
