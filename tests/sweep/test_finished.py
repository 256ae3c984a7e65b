"""Tasks on finished runs."""

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from mlflow import MlflowClient

from attnbench.config import RunConfig
from attnbench.records import Outcome, RunFolder, Status
from attnbench.sweep.finished import TASKS, find_run
from tests import made
from tests.sweep.driver import CHECKOUT, Program


@pytest.fixture
def runs_dir(tmp_path: Path, default_config: RunConfig) -> Path:
    """Three runs, the last of which has not finished."""
    for name, signature in (("one", "12e4" * 16), ("two", "12ff" * 16), ("three", "7" * 64)):
        folder = RunFolder(tmp_path / "runs" / name)
        folder.config.write(default_config)
        folder.facts.write(made.identity(signature))
        if name != "three":
            folder.result.write(made.result())
    return tmp_path / "runs"


def do_task(config: RunConfig, command: Sequence[str] = ("false",)) -> int:
    return TASKS[config.task](config, command)


def test_a_run_is_found_by_the_beginning_of_its_signature_or_by_its_folder(runs_dir: Path) -> None:
    assert find_run(runs_dir, "12e").path.name == "one"
    assert find_run(runs_dir, "12ff" * 16).path.name == "two"
    assert find_run(runs_dir, "two").path.name == "two"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("12", "run=12 is the beginning of 2 signatures: 12e412e412, 12ff12ff12. Give more of it."),
        ("7", "The run three has not finished. Repeat the command that started it."),
        (
            "12e412e413",
            "No run '12e412e413' among the 3 in {runs_dir}. Did you mean '12e412e412'? Give the signature of one.",
        ),
        ("xyz", "No run 'xyz' among the 3 in {runs_dir}. Give the signature of one."),
    ],
)
def test_a_run_that_is_not_one_finished_run_is_refused(runs_dir: Path, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message.format(runs_dir=runs_dir))}$"):
        find_run(runs_dir, name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"run": None}, "task=translate needs run. Give run=SIGNATURE and input=FILE."),
        ({"input": None}, "task=translate needs input. Give run=SIGNATURE and input=FILE."),
        ({"input": "nothing.de"}, "No file 'nothing.de' to translate. Give input=FILE."),
        ({"output": "{runs_dir}"}, "output={runs_dir} is a folder. Name a file: output={runs_dir}/FILE."),
        ({"output": "no/where/out.en"}, "No folder 'no/where' for output=no/where/out.en. Create it first."),
    ],
)
def test_what_a_translation_needs_is_asked_for(
    runs_dir: Path, default_config: RunConfig, options: dict[str, Any], message: str
) -> None:
    (runs_dir / "text.de").touch()
    given = {"task": "translate", "runs_dir": str(runs_dir), "run": "12e4", "input": str(runs_dir / "text.de")}
    options = {key: value and value.format(runs_dir=runs_dir) for key, value in options.items()}
    with pytest.raises(ValueError, match=f"^{re.escape(message.format(runs_dir=runs_dir))}$"):
        do_task(replace(default_config, **(given | options)))


@pytest.mark.parametrize("task", ["translate", "align"])
def test_the_child_is_handed_the_run_the_text_and_the_place(
    runs_dir: Path,
    default_config: RunConfig,
    task: Literal["translate", "align"],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    text, translation = runs_dir / "text.de", runs_dir / "text.en"
    text.write_text("a b\nc\n")
    config = replace(default_config, task=task, device="cpu", runs_dir=str(runs_dir), run="12e4", input=str(text))
    standin = (sys.executable, str(CHECKOUT / "tests" / "standin.py"))
    assert do_task(config, standin) == 0
    assert capfd.readouterr().out == f"{task}: a b\n{task}: c\n"
    assert do_task(replace(config, output=str(translation)), standin) == 0
    assert (capfd.readouterr().out, translation.read_text()) == ("", f"{task}: a b\n{task}: c\n")


@pytest.fixture
def sync(default_config: RunConfig, tmp_path: Path, store_uri: str) -> RunConfig:
    """task=sync of the runs in tmp_path/runs."""
    tracking = replace(default_config.tracking, uri=store_uri)
    return replace(default_config, task="sync", runs_dir=str(tmp_path / "runs"), tracking=tracking)


def test_sync_sends_what_the_store_lacks(
    sync: RunConfig, default_config: RunConfig, tmp_path: Path, store_uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    begun, new = (RunFolder(tmp_path / "runs" / name) for name in ("begun", "new"))
    made.begin(begun, default_config).record(Outcome(Status.FAILED, "time limit"))
    new.config.write(default_config)
    assert [do_task(sync) for _ in range(2)] == [0, 0]
    assert capsys.readouterr().out == (
        f"Sent 1 run to {store_uri}; 0 were there already.\nSent 0 runs to {store_uri}; 1 were there already.\n"
    )
    assert do_task(replace(sync, tracking=replace(sync.tracking, uri="http://127.0.0.1:9"))) == 1
    assert capsys.readouterr().err == (
        "Cannot log to MLflow at http://127.0.0.1:9: no connection. Runs continue and their results stay in their "
        "folders. Send them later with: python -m attnbench task=sync\n"
    )


def test_sync_finalizes_what_its_process_left_open(
    sync: RunConfig, default_config: RunConfig, tmp_path: Path, store_uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = {name: RunFolder(tmp_path / "runs" / name) for name in ("died", "done", "held")}
    for number, folder in enumerate(folders.values()):
        made.begin(folder, default_config, made.identity(str(number) * 64))
    folders["done"].result.write(made.result({"test/bleu": 43.0}))
    lock = folders["held"].lock()
    assert lock is not None
    assert do_task(sync) == 0
    assert capsys.readouterr().out == f"Sent 3 runs to {store_uri}; 0 were there already.\n"
    assert {name: folder.outcome() for name, folder in folders.items()} == {
        "died": Outcome(Status.KILLED, "parent died"),
        "done": Outcome(Status.FINISHED),
        "held": Outcome(Status.RUNNING),
    }
    client = MlflowClient(store_uri)
    experiment = client.get_experiment_by_name(default_config.study)
    assert experiment is not None
    sent = {run.info.run_name: run.info.status for run in client.search_runs([experiment.experiment_id])}
    assert sent == {"died": "KILLED", "done": "FINISHED", "held": "RUNNING"}


def test_sync_names_a_plan_that_it_cannot_read_and_sends_the_runs(
    sync: RunConfig, default_config: RunConfig, tmp_path: Path, store_uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made.begin(RunFolder(tmp_path / "runs" / "one"), default_config)
    plan = tmp_path / "runs" / "plans" / "old.json"
    plan.parent.mkdir()
    plan.write_text('{"study": "main"}')
    assert do_task(sync) == 0
    printed = capsys.readouterr()
    assert printed.out == f"Sent 1 run to {store_uri}; 0 were there already.\n"
    assert printed.err.startswith(f"Plan skipped: {plan} is damaged: ")


def test_sync_names_a_damaged_run_and_sends_the_others(
    sync: RunConfig, default_config: RunConfig, tmp_path: Path, store_uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged, whole = (RunFolder(tmp_path / "runs" / name) for name in ("damaged", "whole"))
    for folder, number in ((damaged, "1"), (whole, "2")):
        made.finish(made.begin(folder, default_config, made.identity(number * 64)))
    damaged.config.path.unlink()
    assert do_task(sync) == 1
    printed = capsys.readouterr()
    assert printed.out == f"Sent 1 run to {store_uri}; 0 were there already.\n"
    assert printed.err == (
        f"Not sent: {damaged.config.path} is missing. Restore it from a copy, or delete its folder.\n"
    )


def test_a_damaged_run_is_refused_by_name_and_hinders_no_other(runs_dir: Path) -> None:
    path = RunFolder(runs_dir / "two").facts.path
    path.write_text("5")
    assert find_run(runs_dir, "12e4").path.name == "one"
    message = f"{path} is damaged: facts.json must be a mapping, received 5. Restore it from a copy, or delete it."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        find_run(runs_dir, "two")


def test_a_task_on_a_finished_run_is_no_sweep(program: Program) -> None:
    ended = program("-m", "task=translate,train", "dry_run=true")
    assert ended.code == 2
    assert ended.errors == ("task=translate cannot be part of a sweep. Give one task, and each option one value.\n")


def test_sync_needs_a_folder_of_runs(default_config: RunConfig, tmp_path: Path) -> None:
    message = f"No folder '{tmp_path}/none' with runs to send. Give runs_dir=DIR."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        do_task(replace(default_config, task="sync", runs_dir=f"{tmp_path}/none"))


def test_a_wrong_signature_on_the_command_line_is_one_sentence(program: Program) -> None:
    (program.path / "runs").mkdir()
    (program.path / "text.de").touch()
    ended = program("task=translate", "run=12e4", "input=text.de")
    assert (ended.code, ended.output) == (2, "")
    assert ended.errors == "No run '12e4' among the 0 in runs. Give the signature of one.\n"
