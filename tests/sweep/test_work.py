"""Doing a plan's runs in this process, with the stand-in for the child."""

import errno
import pickle
import re
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from omegaconf import OmegaConf

from attnbench import launch
from attnbench.records import Outcome, RunFolder, Status, StatusEvent, write_atomically
from attnbench.sweep.compose import Job
from attnbench.sweep.plan import current_outcome, make_plan
from attnbench.sweep.work import Work, do_launched
from tests import made

CHECKOUT = Path(__file__).parents[2]
STANDIN = (sys.executable, str(CHECKOUT / "tests" / "standin.py"))


@pytest.fixture
def work(jobs: Callable[..., list[Job]], store_uri: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Work]:
    """The plan of these jobs, frozen: `work(["attention=dot"], standin="crash")`; `changes` are attributes of Work."""
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))

    def frozen(*groups: list[str], standin: str = "finish", **changes: Any) -> Work:
        monkeypatch.setenv("STANDIN", standin)
        shared = [f"tracking.uri={store_uri}", "tracking.system_metrics=false", "threads=1"]
        plan = make_plan(jobs(*([*shared, *group] for group in groups)), parallel=1)
        path = plan.write(Path(plan.entries[0].config.runs_dir))
        return Work(plan, path, store_uri, STANDIN, **{"alone": True} | changes)

    return frozen


def do_all(work: Work) -> Outcome:
    return work.do(work.requested)


def folders(work: Work) -> list[RunFolder]:
    return [work.folder(entry) for entry in work.plan.entries]


def launched(work: Work, number: int) -> str:
    """What a launcher's process does for a run of the plan; the task function gets there by pickling."""
    run = pickle.loads(pickle.dumps(partial(do_launched, work.path, work.store, work.worker)))
    return str(run(OmegaConf.create({"run": work.plan.entries[number].signature})))


def begun(folder: RunFolder) -> list[float]:
    events = (event for event in folder.read_events() if isinstance(event, StatusEvent))
    return [event.time for event in events if event.status == Status.RUNNING]


def test_a_failed_run_does_not_end_the_sweep(work: Callable[..., Work]) -> None:
    job = work(["attention=dot"], ["attention=none"], standin="dot=crash,none=finish")
    assert do_all(job) == Outcome(Status.FINISHED)
    assert [folder.outcome().status for folder in folders(job)] == [Status.FAILED, Status.FINISHED]


def test_profiled_variants_take_turns(work: Callable[..., Work]) -> None:
    job = work(*(["task=profile", f"attention={name}"] for name in ("dot", "none", "general")), standin="rounds")
    do_all(job)
    times = sorted((time, number) for number, folder in enumerate(folders(job)) for time in begun(folder))
    assert [number for _, number in times] == [0, 1, 2, 0, 1, 2]
    for folder in folders(job):
        assert made.statuses(folder) == [Status.RUNNING, Status.RUNNING, Status.FINISHED]


def test_variants_between_their_rounds_are_running_for_others_and_a_request_to_stop_ends_them(
    work: Callable[..., Work], store_uri: str
) -> None:
    outcomes = []

    def observe(folder: RunFolder, *others: Any, **options: Any) -> Outcome:
        outcomes.append(current_outcome(first))
        if folder == second:
            job.stop.request("SIGINT")
        return launch.launch(folder, *others, **options | {"stop": launch.Stop(job.path.with_name("nobody.stop"))})

    job = work(
        *(["task=profile", f"attention={name}"] for name in ("dot", "none", "general")),
        standin="rounds",
        launch=observe,
    )
    first, second, third = folders(job)
    assert do_all(job) == Outcome(Status.KILLED, "signal SIGINT")
    assert outcomes == [Outcome(Status.SCHEDULED), Outcome(Status.ELSEWHERE)]
    assert [folder.outcome() for folder in (first, second)] == [Outcome(Status.KILLED, "signal SIGINT")] * 2
    assert not third.path.exists()
    assert not first.locked()
    client = MlflowClient(store_uri)
    experiment = client.get_experiment_by_name("main")
    assert experiment is not None
    assert [run.info.status for run in client.search_runs([experiment.experiment_id])] == ["KILLED", "KILLED"]


def test_a_launchers_process_does_its_own_run_and_every_round_of_it(work: Callable[..., Work]) -> None:
    job = work(*(["task=profile", f"attention={name}"] for name in ("dot", "none")), standin="rounds")
    assert launched(job, 1) == Status.FINISHED
    assert [folder.finished() for folder in folders(job)] == [False, True]
    assert len(begun(folders(job)[1])) == 2


def test_nothing_begins_after_a_request_to_stop(work: Callable[..., Work]) -> None:
    job = work(["seed=1"])
    job.stop.request("SIGTERM")
    assert do_all(job) == Outcome(Status.KILLED, "signal SIGTERM")
    assert not folders(job)[0].path.exists()


def test_of_two_sweeps_at_once_each_leaves_out_what_the_other_has_finished(
    work: Callable[..., Work], capsys: pytest.CaptureFixture[str]
) -> None:
    groups = ["attention=dot"], ["attention=none"]
    slower, faster = work(*groups), work(*groups)
    do_all(faster)
    capsys.readouterr()
    assert do_all(slower) == Outcome(Status.FINISHED, "by another process")
    assert [len(begun(folder)) for folder in folders(slower)] == [1, 1]
    printed = capsys.readouterr().out
    assert f"run 2 of 2  {folders(slower)[1].path.name}  finished (by another process) after 0:00" in printed


def test_a_run_that_is_let_go_is_retried_at_the_end_and_resumes(work: Callable[..., Work]) -> None:
    groups = [[f"attention={name}", "rerun=all"] for name in ("dot", "none")]
    first, second = folders(work(*groups))
    write_atomically(first.last_checkpoint.path, "3")
    lock = first.lock()
    assert lock is not None
    threading.Timer(1.5, lock.release).start()
    assert do_all(work(*groups)) == Outcome(Status.FINISHED)
    assert begun(second) < begun(first)
    assert [point.step for point in made.points(first)] == [4, 5]


def test_a_run_that_is_not_let_go_is_left_alone_in_the_end(
    work: Callable[..., Work], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder,) = folders(work(["seed=1"]))
    lock = folder.lock()
    assert lock is not None
    assert do_all(work(["seed=1"], orphan_seconds=4.0)) == Outcome(Status.ELSEWHERE)
    assert not folder.events.exists()
    printed = capsys.readouterr().out
    assert re.match(r"waiting up to 0:0[0-4] for 1 run held elsewhere\n", printed)
    assert printed.endswith(f"run 1 of 1  {folder.path.name}  running elsewhere after 0:00\n")


def test_rerun_all_restarts_finished_runs_once(work: Callable[..., Work]) -> None:
    first = work(["seed=1"])
    do_all(first)
    again = work(["seed=1", "rerun=all"])
    do_all(again)
    (folder,) = folders(again)
    assert len(begun(folder)) == 1
    assert folder.finished()


def test_rerun_all_restarts_a_damaged_run_which_otherwise_fails_alone(
    work: Callable[..., Work], capsys: pytest.CaptureFixture[str]
) -> None:
    groups = ["attention=dot"], ["attention=none"]
    damaged, other = folders(work(*groups))
    damaged.events.path.mkdir(parents=True)
    do_all(work(*groups))
    printed = capsys.readouterr()
    sentence = f"{damaged.events.path} is damaged: Is a directory. Restore it from a copy, or delete it."
    assert f"{damaged.path.name}  failed (error: {sentence}) after 0:00\n" in printed.out
    assert printed.err == ""
    assert other.finished()
    do_all(work([*groups[0], "rerun=all"]))
    assert damaged.finished()


def test_the_plan_counts_and_not_what_has_become_of_conf(work: Callable[..., Work]) -> None:
    job = work(["hidden_size=22"])
    do_all(job)
    assert folders(job)[0].config.required().hidden_size == 22


def test_a_disk_that_is_full_fails_the_run_and_not_the_sweep(
    work: Callable[..., Work], capsys: pytest.CaptureFixture[str]
) -> None:
    def on_a_full_disk(folder: RunFolder, *others: Any, **options: Any) -> Outcome:
        if folder == first:
            raise OSError(errno.ENOSPC, "No space left on device", str(first.config.path))
        return launch.launch(folder, *others, **options)

    job = work(["attention=dot"], ["attention=none"], launch=on_a_full_disk)
    first, second = folders(job)
    do_all(job)
    assert second.finished()
    message = f"{first.path.name}  failed (error: No space left on device: {first.config.path}.)"
    assert message in capsys.readouterr().out
