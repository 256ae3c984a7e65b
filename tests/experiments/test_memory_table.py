"""What the benchmark of memory makes of what is measured, with stand-ins for the measured processes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from experiments.memory import __main__ as memory
from experiments.memory.job import Job

PEAK = """\
part,variant,batch,source,target,quantity,value,limit
peak,dot,32,512,512,allocated bytes,1100,
peak,dot,32,512,512,resident bytes,1700,
peak,additive,32,512,512,allocated bytes,1102,
peak,additive,32,512,512,resident bytes,1703,
peak,additive,32,512,512,allocated bytes less dot's,2,301989888
peak,additive,32,512,512,resident bytes less dot's,3,301989888
peak,bahdanau,32,512,512,allocated bytes,1095,
peak,bahdanau,32,512,512,resident bytes,1713,
peak,bahdanau,32,512,512,allocated bytes less dot's,-5,301989888
peak,bahdanau,32,512,512,resident bytes less dot's,13,301989888
"""
RECOMPUTING = """\
part,variant,batch,source,target,quantity,value,low,high,limit
recomputing,additive,8,64,64,"ours, ms",300.0,,,
recomputing,additive,8,64,64,"tanh stored, ms",200.0,,,
recomputing,additive,8,64,64,ours ÷ tanh stored,1.5,0.667,2.5,1.1
recomputing,additive,8,64,64,"attention stored, ms",100.0,,,
recomputing,additive,8,64,64,ours ÷ attention stored,3.0,2.0,5.0,1.1
"""


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., str]:
    def run(part: str, alone: Callable[..., Any]) -> str:
        monkeypatch.setattr(memory, "alone", alone)
        monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        memory.main(["--parts", part, "--output", str(tmp_path / "memory.csv")])
        return (tmp_path / "memory.csv").read_text(encoding="utf-8")

    return run


def test_peaks_are_compared_with_those_of_dot(written: Callable[..., str]) -> None:
    peaks = {"dot": (1100, 1700), "additive": (1102, 1703), "bahdanau": (1095, 1713)}

    def alone(function: str, job: Job) -> dict[str, int]:
        assert function == "peaks"
        return dict(zip(("allocated", "resident"), peaks[job.variant], strict=True))

    assert written("peak", alone) == PEAK


def test_growth_is_what_each_further_target_position_takes(written: Callable[..., str]) -> None:
    def alone(_: str, job: Job) -> dict[str, int]:
        return {"allocated": 11 * job.size.target + 17}

    head, *lines = written("growth", alone).splitlines()
    assert head == "part,variant,batch,source,target,quantity,value"
    expected = [f"growth,dot,8,512,{longer},allocated bytes a position,11" for longer in (256, 512, 1024)]
    assert lines == [line.replace("dot", variant) for variant in ("dot", "additive", "bahdanau") for line in expected]


def test_recomputing_is_the_median_ratio_of_neighbouring_steps(written: Callable[..., str]) -> None:
    def alone(function: str, job: Job, turns: int) -> list[tuple[float, ...]]:
        assert (function, turns) == ("seconds", 9)
        return [(0.2, 0.3, 0.1), (0.3, 0.2, 0.1), (0.5, 0.2, 0.1)]

    text = written("recomputing", alone)
    assert text.startswith(RECOMPUTING)
    assert len(text.splitlines()) == 1 + 2 * 2 * 5
