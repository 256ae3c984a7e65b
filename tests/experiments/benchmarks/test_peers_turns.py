"""Two sides that take turns, with stand-ins that record which side computed which batch."""

import os
from pathlib import Path

import pytest

from attnbench.config import RunConfig
from experiments.benchmarks.peers import turns
from experiments.benchmarks.peers.job import Job
from experiments.benchmarks.peers.turns import Opponents

STAND_INS = """
class Ours:
    def __init__(self, job):
        self._diary = job.weights

    def work(self, number):
        with self._diary.open("a") as file:
            file.write(f"{type(self).__name__} {number}\\n")

    def add(self, one, other):
        return one + other

    def fail(self):
        raise SystemExit


class Theirs(Ours):
    pass
"""


@pytest.fixture
def job(default_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    (tmp_path / "stand_ins.py").write_text(STAND_INS, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(turns, "SIDES", {"ours": ("stand_ins", "Ours"), "theirs": ("stand_ins", "Theirs")})
    return Job(default_config, [], 19, 23, weights=tmp_path / "diary")


def test_the_sides_take_turns_at_going_first_and_the_warm_up_is_dropped(job: Job, tmp_path: Path) -> None:
    with Opponents(job, sorted(os.sched_getaffinity(0))) as opponents:
        times = opponents.times("work", [3, 5], turns=2)
        assert opponents.ask("theirs", "add", 2, 11) == 13
    ours, theirs = ["Ours 3", "Ours 5"], ["Theirs 3", "Theirs 5"]
    diary = (tmp_path / "diary").read_text(encoding="utf-8").splitlines()
    assert diary == [*theirs, *ours, *ours, *theirs, *theirs, *ours]
    assert [set(turn) for turn in times] == [{"ours", "theirs"}, {"ours", "theirs"}]
    assert all(seconds > 0 for turn in times for seconds in turn.values())


def test_a_side_that_has_ended_is_named(job: Job) -> None:
    with (
        pytest.raises(RuntimeError, match=r"^The process of ours has ended\. Its messages are above\.$"),
        Opponents(job, sorted(os.sched_getaffinity(0))) as opponents,
    ):
        opponents.ask("ours", "fail")
