"""Doing a plan's runs in this process, with the stand-in for the child."""

import errno
import os
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from attnbench.launch import ELSEWHERE, Outcome, launch
from attnbench.results import FAILED, FINISHED, KILLED, RUNNING, RunFolder, read_json, write_atomically, write_json
from attnbench.sweep.compose import Composition, Launcher
from attnbench.sweep.plan import NEW, Plan, current_status, make_plan, stop_of
from attnbench.sweep.work import Work

CHECKOUT = Path(__file__).parents[2]
STANDIN = (sys.executable, str(CHECKOUT / "tests" / "standin.py"))


@pytest.fixture
def work(
    compositions: Callable[..., list[Composition]], store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Work]:
    """Freezes the plan of these jobs: `work(["attention=dot"], standin="crash")`."""
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))

    def made(*jobs: list[str], standin: str = "finish", one_by_one: bool = True) -> Work:
        monkeypatch.setenv("STANDIN", standin)
        shared = [f"tracking.uri={store_uri}", "tracking.system_metrics=false", "threads=1"]
        plan = make_plan(compositions(*([*shared, *job] for job in jobs)), Launcher(one_by_one, parallel=1))
        return Work(plan.write(Path(plan.entries[0].config["runs_dir"])), STANDIN)

    return made


def folders(plan: Plan) -> list[RunFolder]:
    return [RunFolder(Path(entry.config["runs_dir"]) / entry.folder) for entry in plan.entries]


def begun(folder: RunFolder) -> list[float]:
    return [event["time"] for event in folder.read_events() if event.get("status") == RUNNING]


def test_a_failed_run_does_not_end_the_sweep(work: Callable[..., Work]) -> None:
    job = work(["attention=dot"], ["attention=none"], standin="dot=crash,none=finish")
    assert job.do_all() == Outcome(FINISHED)
    assert [folder.status()[0] for folder in folders(job.plan)] == [FAILED, FINISHED]


def test_profiled_variants_take_turns(work: Callable[..., Work]) -> None:
    job = work(*(["task=profile", f"attention={name}"] for name in ("dot", "none", "general")), standin="rounds")
    job.do_all()
    times = sorted((time, number) for number, folder in enumerate(folders(job.plan)) for time in begun(folder))
    assert [number for _, number in times] == [0, 1, 2, 0, 1, 2]
    for folder in folders(job.plan):
        said = [event["status"] for event in folder.read_events() if event["type"] == "status"]
        assert said == [RUNNING, RUNNING, FINISHED]


def test_variants_between_their_rounds_are_running_for_others_and_a_request_to_stop_ends_them(
    work: Callable[..., Work], store_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = work(*(["task=profile", f"attention={name}"] for name in ("dot", "none", "general")), standin="rounds")
    first, second, third = folders(job.plan)
    seen = []

    def observe(folder: RunFolder, *others: Any, **options: Any) -> Outcome:
        seen.append(current_status(first))
        if folder == second:
            (path,) = (tmp_path / "runs" / "plans").glob("*.json")
            stop_of(path).request("SIGINT")
        return launch(folder, *others, **options | {"stop": stop_of(tmp_path / "nobody.json")})

    monkeypatch.setattr("attnbench.sweep.work.launch", observe)
    assert job.do_all() == Outcome(KILLED, "signal SIGINT")
    assert seen == [(NEW, ""), (ELSEWHERE, "")]
    assert [folder.status() for folder in (first, second)] == [(KILLED, "signal SIGINT")] * 2
    assert not third.path.exists()
    assert not first.locked()
    client = MlflowClient(store_uri)
    experiment = client.get_experiment_by_name("main")
    assert experiment is not None
    assert [run.info.status for run in client.search_runs([experiment.experiment_id])] == [KILLED, KILLED]


def test_a_job_of_a_launcher_does_its_own_run_and_every_round_of_it(work: Callable[..., Work]) -> None:
    job = work(*(["task=profile", f"attention={name}"] for name in ("dot", "none")), standin="rounds", one_by_one=False)
    assert job.do_one(1) == Outcome(FINISHED)
    assert [folder.finished() for folder in folders(job.plan)] == [False, True]
    assert len(begun(folders(job.plan)[1])) == 2


def test_of_jobs_that_mean_the_same_run_the_first_does_it(work: Callable[..., Work]) -> None:
    job = work(["seed=1"], ["seed=1", "study=main"], one_by_one=False)
    job.do_one(1)
    assert not folders(job.plan)[0].finished()
    job.do_one(0)
    assert folders(job.plan)[0].finished()


def test_nothing_begins_after_a_request_to_stop(work: Callable[..., Work], tmp_path: Path) -> None:
    job = work(["seed=1"])
    (path,) = (tmp_path / "runs" / "plans").glob("*.json")
    stop_of(path).request("SIGTERM")
    assert job.do_all() == Outcome(KILLED, "signal SIGTERM")
    assert not folders(job.plan)[0].path.exists()


def test_of_two_sweeps_at_once_each_leaves_out_what_the_other_has_finished(
    work: Callable[..., Work], capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = ["attention=dot"], ["attention=none"]
    slower, faster = work(*jobs), work(*jobs)
    faster.do_all()
    capsys.readouterr()
    assert slower.do_all() == Outcome(FINISHED, "by another process")
    assert [len(begun(folder)) for folder in folders(slower.plan)] == [1, 1]
    said = capsys.readouterr().out
    assert f"run 2 of 2  {folders(slower.plan)[1].path.name}  finished (by another process) after 0:00" in said


def test_a_run_that_is_let_go_is_done_at_the_end_and_goes_on(work: Callable[..., Work]) -> None:
    jobs = [[f"attention={name}", "rerun=all"] for name in ("dot", "none")]
    first, second = folders(work(*jobs).plan)
    write_atomically(first.checkpoints / "last.npz", "3")
    descriptor = first.lock()
    assert descriptor is not None
    threading.Timer(1.5, lambda: os.close(descriptor)).start()
    assert work(*jobs).do_all() == Outcome(FINISHED)
    assert begun(second) < begun(first)
    assert [event["step"] for event in first.read_events() if event["type"] == "metrics"] == [4, 5]


def test_a_run_that_is_not_let_go_is_left_alone_in_the_end(
    work: Callable[..., Work], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attnbench.sweep.work._ORPHAN_SECONDS", 4.0)
    (folder,) = folders(work(["seed=1"]).plan)
    assert folder.lock() is not None
    assert work(["seed=1"]).do_all() == Outcome(ELSEWHERE)
    assert not folder.events.exists()
    said = capsys.readouterr().out
    assert re.match(r"waiting up to 0:0[0-4] for 1 run held elsewhere\n", said)
    assert said.endswith(f"run 1 of 1  {folder.path.name}  running elsewhere after 0:00\n")


def test_rerun_all_starts_finished_runs_afresh_and_once(work: Callable[..., Work]) -> None:
    first = work(["seed=1"])
    first.do_all()
    again = work(["seed=1", "rerun=all"])
    again.do_all()
    (folder,) = folders(again.plan)
    assert len(begun(folder)) == 1
    assert folder.finished()


def test_the_plan_counts_and_not_what_has_become_of_conf(work: Callable[..., Work]) -> None:
    job = work(["hidden_size=22"])
    job.do_all()
    assert read_json(folders(job.plan)[0].config)["hidden_size"] == 22


def test_a_disk_that_is_full_fails_the_run_and_not_the_sweep(
    work: Callable[..., Work], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = work(["attention=dot"], ["attention=none"])
    first, second = folders(job.plan)

    def write(path: Path, value: object) -> None:
        if path == first.config:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write_json(path, value)

    monkeypatch.setattr("attnbench.launch.run.write_json", write)
    job.do_all()
    assert second.finished()
    assert f"{first.path.name}  failed (error: No space left on device: {first.config}.)" in capsys.readouterr().out
