"""Tasks on finished runs."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from attnbench.config import RunConfig, to_mapping
from attnbench.results import FAILED, FINISHED, KILLED, RUNNING, RunFolder, write_json
from attnbench.sweep.finished import do_task, find_run
from tests.sweep.driver import CHECKOUT, Program


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    """Three runs, the last of which has not finished."""
    for name, signature in (("one", "12e4" * 16), ("two", "12ff" * 16), ("three", "7" * 64)):
        folder = RunFolder(tmp_path / "runs" / name)
        write_json(folder.facts, {"signature": signature})
        if name != "three":
            write_json(folder.result, {"status": FINISHED})
    return tmp_path / "runs"


def test_a_run_is_found_by_the_beginning_of_its_signature_or_by_its_folder(runs_dir: Path) -> None:
    assert find_run(runs_dir, "12e").path.name == "one"
    assert find_run(runs_dir, "12ff" * 16).path.name == "two"
    assert find_run(runs_dir, "two").path.name == "two"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("12", "run=12 is the beginning of 2 signatures: 12e412e412, 12ff12ff12. Give more of it."),
        ("7", "The run three has not finished. Give the command that began it again."),
        (
            "12e412e413",
            "No run '12e412e413' among the 3 in {runs_dir}. Did you mean '12e412e412'? Give the signature of one.",
        ),
        ("xyz", "No run 'xyz' among the 3 in {runs_dir}. Give the signature of one."),
    ],
)
def test_a_run_that_cannot_be_told_is_refused(runs_dir: Path, wanted: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message.format(runs_dir=runs_dir))}$"):
        find_run(runs_dir, wanted)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"run": None}, "task=translate needs run. Give run=SIGNATURE and input=FILE."),
        ({"input": None}, "task=translate needs input. Give run=SIGNATURE and input=FILE."),
        ({"input": "nothing.de"}, "No file 'nothing.de' to translate. Give input=FILE."),
        ({"output": "no/where/out.en"}, "No folder 'no/where' for output=no/where/out.en. Make it first."),
    ],
)
def test_what_a_translation_needs_is_asked_for(
    runs_dir: Path, default_config: RunConfig, options: dict[str, Any], message: str
) -> None:
    (runs_dir / "text.de").touch()
    given = {"task": "translate", "runs_dir": str(runs_dir), "run": "12e4", "input": str(runs_dir / "text.de")}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        do_task(replace(default_config, **(given | options)), ["false"])


@pytest.mark.parametrize("task", ["translate", "align"])
def test_the_child_is_handed_the_run_the_text_and_the_place(
    runs_dir: Path,
    default_config: RunConfig,
    task: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    write_json(RunFolder(runs_dir / "one").config, to_mapping(default_config))
    text, place = runs_dir / "text.de", runs_dir / "text.en"
    text.write_text("a b\nc\n")
    config = replace(default_config, task=task, device="cpu", runs_dir=str(runs_dir), run="12e4", input=str(text))
    standin = (sys.executable, str(CHECKOUT / "tests" / "standin.py"))
    assert do_task(config, standin) == 0
    assert capfd.readouterr().out == f"{task}: a b\n{task}: c\n"
    assert do_task(replace(config, output=str(place)), standin) == 0
    assert (capfd.readouterr().out, place.read_text()) == ("", f"{task}: a b\n{task}: c\n")


def test_sync_sends_what_the_store_lacks(
    default_config: RunConfig, tmp_path: Path, store_uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {"signature": "7" * 64, "provenance": {"commit": None, "command": "", "device": "Abacus"}}
    for name in ("begun", "new"):
        folder = RunFolder(tmp_path / "runs" / name)
        write_json(folder.config, to_mapping(default_config))
        write_json(folder.facts, facts)
    RunFolder(tmp_path / "runs" / "begun").append("status", status=FAILED, reason="time limit")
    config = replace(
        default_config,
        task="sync",
        runs_dir=str(tmp_path / "runs"),
        tracking=replace(default_config.tracking, uri=store_uri),
    )
    assert [do_task(config, ["false"]) for _ in range(2)] == [0, 0]
    assert capsys.readouterr().out == (
        f"Sent 1 run to {store_uri}; 0 were there already.\nSent 0 runs to {store_uri}; 1 were there already.\n"
    )
    away = replace(config, tracking=replace(config.tracking, uri="http://127.0.0.1:9"))
    assert do_task(away, ["false"]) == 1
    assert capsys.readouterr().err == (
        "Cannot log to MLflow at http://127.0.0.1:9: no connection. Runs go on and their results stay in their "
        "folders. Send them later with: python -m attnbench task=sync\n"
    )


def test_sync_settles_what_its_process_left_open(
    default_config: RunConfig, tmp_path: Path, store_uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = {name: RunFolder(tmp_path / "runs" / name) for name in ("died", "done", "held")}
    for number, folder in enumerate(folders.values()):
        write_json(folder.config, to_mapping(default_config))
        provenance = {"commit": None, "command": "", "device": "Abacus"}
        write_json(folder.facts, {"signature": str(number) * 64, "provenance": provenance})
        folder.append("status", status=RUNNING)
    write_json(folders["done"].result, {"status": FINISHED, "metrics": {"test/bleu": 43.0}})
    assert folders["held"].lock() is not None
    tracking = replace(default_config.tracking, uri=store_uri)
    config = replace(default_config, task="sync", runs_dir=str(tmp_path / "runs"), tracking=tracking)
    assert do_task(config, ["false"]) == 0
    assert capsys.readouterr().out == f"Sent 3 runs to {store_uri}; 0 were there already.\n"
    assert {name: folder.status() for name, folder in folders.items()} == {
        "died": (KILLED, "parent died"),
        "done": (FINISHED, ""),
        "held": (RUNNING, ""),
    }
    client = MlflowClient(store_uri)
    experiment = client.get_experiment_by_name(default_config.study)
    assert experiment is not None
    sent = {run.info.run_name: run.info.status for run in client.search_runs([experiment.experiment_id])}
    assert sent == {"died": KILLED, "done": FINISHED, "held": RUNNING}


def test_a_task_on_a_finished_run_is_no_sweep(program: Program) -> None:
    ended = program("-m", "task=translate,train", "dry_run=true")
    assert ended.code == 2
    assert ended.errors == ("task=translate is not a run of a sweep. Use it without -m and without other values.\n")


def test_sync_needs_a_folder_of_runs(default_config: RunConfig, tmp_path: Path) -> None:
    message = f"No folder '{tmp_path}/none' with runs to send. Give runs_dir=DIR."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        do_task(replace(default_config, task="sync", runs_dir=f"{tmp_path}/none"), ["false"])


def test_a_wrong_signature_on_the_command_line_is_one_sentence(program: Program) -> None:
    (program.path / "runs").mkdir()
    (program.path / "text.de").touch()
    ended = program("task=translate", "run=12e4", "input=text.de")
    assert (ended.code, ended.output) == (2, "")
    assert ended.errors == "No run '12e4' among the 0 in runs. Give the signature of one.\n"
