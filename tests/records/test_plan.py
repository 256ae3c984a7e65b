"""The frozen plan: written once, read by every process that works on it."""

import re
from pathlib import Path

import pytest

from attnbench.config import RunConfig
from attnbench.records import DamagedError, Plan, Status
from attnbench.records.plan import planned_studies
from tests import made

DONE_AGAIN = {
    Status.SCHEDULED: {"none", "failed", "all"},
    Status.FAILED: {"failed", "all"},
    Status.KILLED: {"failed", "all"},
    Status.ELSEWHERE: {"failed", "all"},
    Status.FINISHED: {"all"},
}


def test_a_plan_comes_back_as_it_was_written(tmp_path: Path, default_config: RunConfig) -> None:
    failed = made.entry("dot", default_config, status=Status.FAILED, reason="time limit", overrides=["seed=2"])
    plan = made.plan(made.entry("none", default_config), failed)
    path = plan.write(tmp_path)
    assert path.parent == tmp_path / "plans"
    assert re.fullmatch(r"small-20260102030000-[0-9a-f]{6}\.json", path.name)
    assert Plan.read(path) == plan
    assert plan.write(tmp_path) != path


def test_a_plan_of_an_earlier_version_that_named_its_gpus_is_read(tmp_path: Path, default_config: RunConfig) -> None:
    plan = made.plan(made.entry("none", default_config))
    path = plan.write(tmp_path)
    path.write_text(path.read_text().replace('"parallel":', '"gpus": ["0", "1"],\n "parallel":'))
    assert Plan.read(path) == plan


def test_plans_are_listed_by_study_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    assert planned_studies(tmp_path) == []
    made_at = {"to-day": "2026-01-02T03:00:00", "a": "2026-01-02T03:00:01", "b": "2026-01-02T03:01:00"}
    written = [(study, made.plan(study=study, created=time).write(tmp_path)) for study, time in made_at.items()]
    assert planned_studies(tmp_path) == written


def test_a_missing_plan_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plans" / "x.json"
    message = f"No plan at {path}. Name one of the files in {path.parent}."
    with pytest.raises(DamagedError, match=f"^{re.escape(message)}$"):
        Plan.read(path)


@pytest.mark.parametrize("rerun", ["none", "failed", "all"])
@pytest.mark.parametrize("status", DONE_AGAIN)
def test_rerun_says_which_runs_a_sweep_does(default_config: RunConfig, status: Status, rerun: str) -> None:
    entry = made.entry("dot", default_config, status=status)
    assert made.plan(entry, rerun=rerun).requests(entry) == (rerun in DONE_AGAIN[status])
