"""A sweep's runs, checked, signed and looked up before the first one starts."""

import errno
import fcntl
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from attnbench.records import Outcome, Plan, RunFolder, Status
from attnbench.sweep.compose import Job
from attnbench.sweep.plan import claim, make_plan
from attnbench.sweep.table import varying_options
from tests import made

Jobs = Callable[..., list[Job]]


def folders(plan: Plan) -> list[RunFolder]:
    return [RunFolder(Path(entry.config.runs_dir) / entry.folder) for entry in plan.entries]


def test_a_plan_names_each_run_by_what_a_reader_looks_for(jobs: Jobs) -> None:
    plan = make_plan(jobs(["attention=dot"], ["task=profile", "hidden_size=22"]), parallel=1)
    first, second = plan.entries
    assert first.folder == f"dot-h128-l20-s1-grammar-{first.signature[:10]}"
    assert second.folder == f"bahdanau-h22-l20-profile-{second.signature[:10]}"
    assert [entry.status for entry in plan.entries] == [Status.SCHEDULED, Status.SCHEDULED]


def test_jobs_that_mean_the_same_run_share_one_entry(jobs: Jobs) -> None:
    plan = make_plan(jobs(["seed=1"], ["seed=2"], ["seed=1", "study=main"]), parallel=1)
    assert [entry.config.seed for entry in plan.entries] == [1, 2]


def test_the_plan_decides_what_the_configuration_left_open(jobs: Jobs) -> None:
    plan = make_plan(jobs(["threads=null"]), parallel=-1)
    config = plan.entries[0].config
    assert (config.device, config.threads) == ("cpu", 1)


def test_a_run_is_found_again_whatever_its_study_or_its_time_limit(jobs: Jobs) -> None:
    (one,) = make_plan(jobs(["study=a"]), parallel=1).entries
    (two,) = make_plan(jobs(["study=b", "time_limit_minutes=5"]), parallel=1).entries
    assert one.signature == two.signature


@pytest.mark.parametrize("override", ["seed=2", "threads=7", "data.options.train_pairs=512", "training.epochs=2"])
def test_what_can_change_a_number_changes_the_signature(jobs: Jobs, override: str) -> None:
    plan = make_plan(jobs(["threads=1"], ["threads=1", override]), parallel=1)
    assert len(plan.entries) == 2


@pytest.mark.parametrize("name", ["XLA_FLAGS", "NVIDIA_TF32_OVERRIDE", "TF_ENABLE_ONEDNN_OPTS"])
def test_a_variable_that_changes_what_the_framework_computes_changes_the_signature(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def signed() -> str:
        (entry,) = make_plan(jobs([]), parallel=1).entries
        return entry.signature

    monkeypatch.delenv(name, raising=False)
    unset = signed()
    monkeypatch.setenv(name, "")
    assert signed() == unset
    monkeypatch.setenv(name, "0")
    assert signed() != unset


def test_the_plan_says_what_is_there_already(jobs: Jobs) -> None:
    five = jobs(*([f"seed={seed}"] for seed in range(1, 6)))
    plan = make_plan(five, parallel=1)
    finished, failed, abandoned, locked, _ = folders(plan)
    for folder, entry in zip((finished, failed, abandoned, locked), plan.entries):
        made.begin(folder, entry.config, entry.identity)
    finished.result.write(made.result())
    finished.facts.write(made.identity(provenance=made.provenance(commit="c0ffee")))
    failed.record(Outcome(Status.FAILED, "time limit"))
    lock = locked.lock()
    entries = make_plan(five, parallel=1).entries
    assert lock is not None
    assert [(entry.status, entry.reason) for entry in entries] == [
        (Status.FINISHED, ""),
        (Status.FAILED, "time limit"),
        (Status.KILLED, "parent died"),
        (Status.ELSEWHERE, ""),
        (Status.SCHEDULED, ""),
    ]
    assert entries[0].commit == "c0ffee"
    assert finished.outcome() == Outcome(Status.FINISHED)


def test_a_run_whose_result_was_cut_off_resumes(jobs: Jobs) -> None:
    one = jobs(["seed=1"])
    (folder,) = folders(make_plan(one, parallel=1))
    folder.path.mkdir(parents=True)
    folder.record(Outcome(Status.FINISHED))
    folder.result.path.write_text('{"status": "FINI')
    again = make_plan(one, parallel=1)
    assert (again.entries[0].status, again.entries[0].reason) == (Status.KILLED, "result lost")
    assert again.requests(again.entries[0])


@pytest.mark.parametrize(
    ("rerun", "statuses"),
    [
        ("none", [Status.SCHEDULED]),
        ("failed", [Status.SCHEDULED, Status.FAILED, Status.KILLED, Status.ELSEWHERE]),
        ("all", [Status.SCHEDULED, Status.FINISHED, Status.FAILED, Status.KILLED, Status.ELSEWHERE]),
    ],
)
def test_rerun_says_which_runs_are_done_again(jobs: Jobs, rerun: str, statuses: list[Status]) -> None:
    plan = make_plan(jobs([f"rerun={rerun}"]), parallel=1)
    (entry,) = plan.entries
    possible = [status for status in Status if status not in (Status.RUNNING, Status.AGAIN)]
    assert [status for status in possible if plan.requests(replace(entry, status=status))] == statuses


def test_a_plan_is_read_back_as_it_was_written(jobs: Jobs, tmp_path: Path) -> None:
    plan = make_plan(jobs(["seed=1"], ["seed=2"]), parallel=1)
    path = plan.write(tmp_path)
    assert path.parent == tmp_path / "plans"
    assert re.fullmatch(r"main-\d{14}-[0-9a-f]{6}\.json", path.name)
    assert Plan.read(path) == plan


def test_options_vary_where_runs_differ(jobs: Jobs) -> None:
    two = jobs(["attention=dot", "seed=1", "hidden_size=22"], ["attention=dot", "seed=2", "hidden_size=22"])
    assert varying_options(make_plan(two, parallel=1).entries) == ["seed"]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([["study=a"], ["study=b"]], "A sweep has one study, received 2: a, b. Use one."),
        (
            [["study=a/b"]],
            "study must name a folder, received 'a/b'. Use letters, digits, '_', '-' and '.', "
            "and begin with a letter or digit.",
        ),
        (
            [["task=sync"], ["task=train"]],
            "task=sync cannot be part of a sweep. Give one task, and each option one value.",
        ),
        (
            [["tracking.uri=http://ada:xyzzy@a"], ["tracking.uri=http://ada:xyzzy@b"]],
            "A sweep has one tracking.uri, received 2: http://ada:***@a, http://ada:***@b. Use one.",
        ),
        (
            [["tracking.uri=./mlruns"]],
            "tracking.uri must name a database or a server, received './mlruns', which is a folder. "
            "Use sqlite:///mlflow.db.",
        ),
    ],
)
def test_what_a_sweep_cannot_be_is_refused(jobs: Jobs, groups: list[list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_plan(jobs(*groups), parallel=1)


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "runs"
    message = f"runs_dir={path} cannot be written: Not a directory. Make it writable, or use another: runs_dir=DIR."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        claim(path)


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    message = (
        f"runs_dir={tmp_path} cannot be written: No space left on device. "
        "Make it writable, or use another: runs_dir=DIR."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        claim(tmp_path)


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    message = (
        f"runs_dir={tmp_path} cannot be written: Cannot be locked (No locks available). "
        "Make it writable, or use another: runs_dir=DIR."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        claim(tmp_path)
