"""A sweep's runs, checked, signed and looked up before the first one starts."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from attnbench.launch import ELSEWHERE
from attnbench.results import FAILED, FINISHED, KILLED, RUNNING, RunFolder, read_json, write_json
from attnbench.sweep.compose import Composition, Launcher
from attnbench.sweep.plan import NEW, Plan, claim, make_plan
from attnbench.sweep.table import varying_options

Compositions = Callable[..., list[Composition]]
ALONE = Launcher(one_by_one=True, parallel=1)


def runs_dir(plan: Plan) -> Path:
    return Path(plan.entries[0].config["runs_dir"])


def test_a_plan_names_each_run_by_what_a_reader_looks_for(compositions: Compositions) -> None:
    plan = make_plan(compositions(["attention=dot"], ["task=profile", "hidden_size=22"]), ALONE)
    first, second = plan.entries
    assert first.folder == f"dot-h128-l20-s1-grammar-{first.signature[:10]}"
    assert second.folder == f"bahdanau-h22-l20-profile-{second.signature[:10]}"
    assert [entry.status for entry in plan.entries] == [NEW, NEW]


def test_jobs_that_mean_the_same_run_share_one_entry(compositions: Compositions) -> None:
    plan = make_plan(compositions(["seed=1"], ["seed=2"], ["seed=1", "study=main"]), ALONE)
    assert plan.jobs == [0, 1, 0]
    assert len(plan.entries) == 2


def test_the_plan_decides_what_the_configuration_left_open(compositions: Compositions) -> None:
    plan = make_plan(compositions(["threads=null"]), Launcher(one_by_one=False, parallel=-1))
    config = plan.entries[0].run_config()
    assert (config.device, config.threads) == ("cpu", 1)


def test_a_run_is_found_again_whatever_its_study_or_its_time_limit(compositions: Compositions) -> None:
    (one,) = make_plan(compositions(["study=a"]), ALONE).entries
    (two,) = make_plan(compositions(["study=b", "time_limit_minutes=5"]), ALONE).entries
    assert one.signature == two.signature


@pytest.mark.parametrize("override", ["seed=2", "threads=7", "data.options.train_pairs=512", "training.epochs=2"])
def test_what_can_change_a_number_changes_the_signature(compositions: Compositions, override: str) -> None:
    plan = make_plan(compositions(["threads=1"], ["threads=1", override]), ALONE)
    assert len(plan.entries) == 2


def test_the_plan_says_what_is_there_already(compositions: Compositions) -> None:
    jobs = compositions(*(["seed=1"], ["seed=2"], ["seed=3"], ["seed=4"], ["seed=5"]))
    plan = make_plan(jobs, ALONE)
    folders = [RunFolder(runs_dir(plan) / entry.folder) for entry in plan.entries]
    for folder in folders[:4]:
        folder.path.mkdir(parents=True)
        folder.append("status", status=RUNNING)
    write_json(folders[0].result, {"status": FINISHED})
    write_json(folders[0].facts, {"provenance": {"commit": "c0ffee"}})
    folders[1].append("status", status=FAILED, reason="time limit")
    held = folders[3].lock()
    entries = make_plan(jobs, ALONE).entries
    assert held is not None
    assert [(entry.status, entry.reason) for entry in entries] == [
        (FINISHED, ""),
        (FAILED, "time limit"),
        (KILLED, "parent died"),
        (ELSEWHERE, ""),
        (NEW, ""),
    ]
    assert entries[0].commit == "c0ffee"
    assert folders[0].status() == (FINISHED, "")


def test_a_run_whose_result_was_cut_off_goes_on(compositions: Compositions) -> None:
    jobs = compositions(["seed=1"])
    plan = make_plan(jobs, ALONE)
    folder = RunFolder(runs_dir(plan) / plan.entries[0].folder)
    folder.path.mkdir(parents=True)
    folder.append("status", status=FINISHED)
    folder.result.write_text('{"status": "FINI')
    again = make_plan(jobs, ALONE)
    assert (again.entries[0].status, again.entries[0].reason) == (KILLED, "result lost")
    assert again.wanted(again.entries[0])


@pytest.mark.parametrize(
    ("rerun", "wanted"),
    [
        ("none", [NEW]),
        ("failed", [NEW, FAILED, KILLED, ELSEWHERE]),
        ("all", [NEW, FAILED, KILLED, FINISHED, ELSEWHERE]),
    ],
)
def test_rerun_says_which_runs_are_done_again(compositions: Compositions, rerun: str, wanted: list[str]) -> None:
    plan = make_plan(compositions([f"rerun={rerun}"]), ALONE)
    (entry,) = plan.entries
    states = [NEW, FAILED, KILLED, FINISHED, ELSEWHERE]
    assert [state for state in states if plan.wanted(type(entry)(**{**vars(entry), "status": state}))] == wanted


def test_a_plan_is_read_back_as_it_was_written(compositions: Compositions) -> None:
    plan = make_plan(compositions(["seed=1"], ["seed=2"]), ALONE)
    path = plan.write(runs_dir(plan))
    assert path.parent == runs_dir(plan) / "plans"
    assert re.fullmatch(r"main-\d{14}-[0-9a-f]{6}\.json", path.name)
    assert Plan.read(path) == plan
    assert {"study", "command", "created", "entries"} <= read_json(path).keys()


def test_options_vary_where_runs_differ(compositions: Compositions) -> None:
    jobs = compositions(["attention=dot", "seed=1", "hidden_size=22"], ["attention=dot", "seed=2", "hidden_size=22"])
    assert varying_options(make_plan(jobs, ALONE).entries) == ["seed"]


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        ([["study=a"], ["study=b"]], "A sweep has one study, received 2: a, b. Use one."),
        (
            [["study=a/b"]],
            "study must name a folder, received 'a/b'. Use letters, digits, '_', '-' and '.', "
            "and begin with a letter or digit.",
        ),
        (
            [["task=sync"], ["task=train"]],
            "task=sync is not a run of a sweep. Use it without -m and without other values.",
        ),
        (
            [["attention=dot", "model.encoder_size=22"]],
            "dot needs equal sizes: the query has 128 units, the values 22. "
            "Use attention=general, or model.encoder_size=null.",
        ),
        ([["seed=1"], ["hidden_size=0"]], "hidden_size must be positive, received 0. Give a value greater than 0."),
        ([["backend=jaxx"]], "Unknown backend 'jaxx'. Known: tensorflow, jax. Did you mean 'jax'?"),
        (
            [["tracking.uri=http://ada:xyzzy@a"], ["tracking.uri=http://ada:xyzzy@b"]],
            "A sweep has one tracking, received 2: TrackingConfig(uri='http://ada:***@a', system_metrics=True), "
            "TrackingConfig(uri='http://ada:***@b', system_metrics=True). Use one.",
        ),
        (
            [["tracking.uri=./mlruns"]],
            "tracking.uri must name a database or a server, received './mlruns', which is a folder. "
            "Use sqlite:///mlflow.db.",
        ),
    ],
)
def test_a_wrong_option_in_any_run_refuses_the_sweep(
    compositions: Compositions, jobs: list[list[str]], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_plan(compositions(*jobs), ALONE)


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "runs"
    message = f"runs_dir={place} cannot be written: Not a directory. Free it, or give another folder: runs_dir=DIR."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        claim(place)


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", lambda dir: open("/dev/full", "wb"))  # noqa: SIM115, PTH123
    message = (
        f"runs_dir={tmp_path} cannot be written: No space left on device. "
        "Free it, or give another folder: runs_dir=DIR."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        claim(tmp_path)
