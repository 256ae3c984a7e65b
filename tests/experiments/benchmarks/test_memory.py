"""What the benchmark of memory makes of measured peaks, with stand-ins for the measured processes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.benchmarks.memory import __main__ as memory
from experiments.benchmarks.memory.job import Job

PEAK = """\
part,variant,batch,source,target,quantity,bytes
peak,dot,32,512,512,allocated,1100
peak,dot,32,512,512,resident,1700
peak,additive,32,512,512,allocated,1102
peak,additive,32,512,512,resident,1703
peak,additive,32,512,512,"allocated, more than dot",2
peak,additive,32,512,512,"resident, more than dot",3
peak,bahdanau,32,512,512,allocated,1095
peak,bahdanau,32,512,512,resident,1713
peak,bahdanau,32,512,512,"allocated, more than dot",-5
peak,bahdanau,32,512,512,"resident, more than dot",13
"""


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., str]:
    def run(part: str, alone: Callable[[Job], dict[str, int]]) -> str:
        monkeypatch.setattr(memory, "alone", alone)
        monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        memory.main(["--parts", part, "--output", str(tmp_path / "memory.csv")])
        return (tmp_path / "memory.csv").read_text(encoding="utf-8")

    return run


def test_peaks_are_compared_with_those_of_dot(written: Callable[..., str]) -> None:
    peaks = {"dot": (1100, 1700), "additive": (1102, 1703), "bahdanau": (1095, 1713)}
    assert written("peak", lambda job: dict(zip(("allocated", "resident"), peaks[job.variant], strict=True))) == PEAK


def test_growth_is_what_each_further_target_position_takes(written: Callable[..., str]) -> None:
    head, *lines = written("growth", lambda job: {"allocated": 11 * job.size.target + 17}).splitlines()
    assert head == "part,variant,batch,source,target,quantity,bytes"
    assert lines == [
        f'growth,{variant},8,512,{longer},"allocated, each target position",11'
        for variant in ("dot", "additive", "bahdanau")
        for longer in (256, 512, 1024)
    ]
