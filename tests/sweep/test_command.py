"""The whole command, as a user types it, with a stand-in for training and for the report."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from attnbench.records import Outcome, Status
from attnbench.report.sources.saved import read
from tests.sweep.driver import Program


def wait_for_training(program: Program) -> None:
    """Until a child has made a step."""
    deadline = time.monotonic() + 30
    while not list(program.path.glob("runs/*/progress.json")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def plan_lines(output: str) -> list[list[str]]:
    """The words of the plan's rows: signature and the rest."""
    rows = [line.split() for line in output.splitlines()]
    return [row for row in rows if row and len(row[0]) == 10 and all(letter in "0123456789abcdef" for letter in row[0])]


def test_a_sweep_trains_compares_logs_and_reports(program: Program) -> None:
    ended = program("-m", "attention=dot,none", "study=first")
    assert ended.code == 0, ended.errors
    assert ended.output.startswith("first: 2 runs: 2 new\n")
    assert [row[1:] for row in plan_lines(ended.output)] == [["dot", "new"], ["none", "new"]]
    assert "run 2 of 2  none-h128-l20-s1-grammar-" in ended.output
    rows = [line.split() for line in ended.output.splitlines()]
    heading = ["attention", "BLEU", "tokens/s", "time"]
    table = rows[rows.index(heading) :]
    assert [table[0], *table[2:4]] == [
        heading,
        ["dot", "51.00", "5,400", "0:02"],
        ["none", "51.00", "5,400", "0:02"],
    ]
    assert ended.output.endswith(
        "\nReport      reports/first/index.html\nMLflow      mlflow ui --backend-store-uri sqlite:///mlflow.db\n"
    )
    (plan,) = program.path.glob("runs/plans/*.json")
    assert (program.path / "reports" / "first" / "index.html").read_text() == f"runs {plan.name}\n"
    client = MlflowClient(f"sqlite:///{program.path}/mlflow.db")
    experiment = client.get_experiment_by_name("first")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert {run.data.tags["attention"]: run.data.metrics["test/bleu"] for run in runs} == {"dot": 51.0, "none": 51.0}
    identity = program.folders()["dot"].facts.required()
    assert identity.facts.versions.keys() == {"keras", "tensorflow"}
    assert identity.provenance.command.startswith("python -m attnbench -m attention=dot,none study=first")
    assert Path(runs[0].info.artifact_uri).is_relative_to(program.path / "mlartifacts" / "first")


def test_a_sweep_writes_the_whole_report(program: Program) -> None:
    ended = program("-m", "attention=dot,none", "study=first", REPORT="1")
    assert ended.code == 0, ended.errors
    assert "\nReport      reports/first/index.html\n" in ended.output
    written = read(program.path / "reports" / "first" / "runs.csv")
    results = {run.params["attention"]: (run.status, run.metrics["test/bleu"]) for run in written.runs}
    assert results == {"dot": ("FINISHED", 51.0), "none": ("FINISHED", 51.0)}


def test_what_varies_may_be_named_as_hydras_sweeper_takes_it(program: Program) -> None:
    ended = program("dry_run=true", '+hydra.sweeper.params.seed="1,2"')
    assert ended.code == 0, ended.errors
    assert [row[1:] for row in plan_lines(ended.output)] == [["1", "new"], ["2", "new"]]


def test_finished_runs_are_skipped_and_failed_ones_resume(program: Program) -> None:
    first = program("-m", "attention=dot,none", standin="dot=finish,none=crash")
    assert first.code == 1
    log = program.folders()["none"].log.path.relative_to(program.path)
    name = log.parent.name
    reason = "error: the process ended with exit status 1 and no result; last line of run.log: KeyError: 'annotations'"
    assert f"{name}  failed ({reason})\n    log {log}\n" in first.output
    second = program("-m", "attention=dot,none,general")
    assert second.code == 0, second.errors
    assert second.output.startswith("main: 3 runs: 1 finished, 1 failed, 1 new\n")
    done, failed, new = plan_lines(second.output)
    assert (done[1], done[2].strip(","), done[-1]) == ("dot", "finished", "skipped")
    assert failed[1:4] == ["none", "failed", "(error:"]
    assert new[1:] == ["general", "new"]
    assert "run 1 of 2  none" in second.output
    third = program("-m", "attention=dot,none,general", "rerun=all", "dry_run=true")
    assert [row[1:] for row in plan_lines(third.output)] == [
        [name, "finished,", "restarts"] for name in ("dot", "none", "general")
    ]


def test_text_that_cannot_be_used_is_refused_before_the_plan(program: Program) -> None:
    roles = [f"{split}_{side}" for split in ("train", "valid", "test") for side in ("source", "target")]
    for role in roles:
        (program.path / role).write_text("a b\n")
    named = [f"data.options.{role}={role}" for role in roles]
    ended = program("data=files", *named, "data.cache_dir=cache", "data.subwords.kind=words", "sequence_length=1")
    assert (ended.code, ended.output, program.plans(), program.folders()) == (2, "", [], {})
    assert ended.errors == (
        "sequence_length=1 leaves no training pair: the shortest has 2 tokens on its longer side. "
        "Use sequence_length=2 or more.\n"
    )


def test_a_dry_run_prints_the_plan_and_leaves_nothing_behind(program: Program) -> None:
    before = sorted(program.path.iterdir())
    ended = program("-m", "attention=dot,none", "seed=1,2", "dry_run=true")
    assert ended.code == 0
    assert [row[1:] for row in plan_lines(ended.output)] == [
        ["dot", "1", "new"],
        ["dot", "2", "new"],
        ["none", "1", "new"],
        ["none", "2", "new"],
    ]
    assert sorted(program.path.iterdir()) == before


def test_an_error_in_any_run_stops_everything_before_any_work(program: Program) -> None:
    ended = program("-m", "attention=dot,genral")
    assert (ended.code, ended.output) == (2, "")
    assert ended.errors == (
        "Unknown attention 'genral'. Known: bahdanau, dot, general, none, none_input, uniform. "
        "Did you mean 'general'?\n"
    )
    assert not program.folders()


def test_an_error_in_a_single_run_is_one_sentence_too(program: Program) -> None:
    ended = program("attention=dot", "model.encoder_size=22")
    assert ended.code == 2
    assert ended.errors == (
        "dot needs equal sizes: the query has 128 units, the values 22. "
        "Use attention=general, or model.encoder_size=null.\n"
    )


def test_a_command_without_a_flag_sweeps_too_and_patterns_name_values(program: Program) -> None:
    ended = program("attention=glob(none*)", "dry_run=true")
    assert ended.code == 0, ended.errors
    assert [row[1:] for row in plan_lines(ended.output)] == [["none", "new"], ["none_input", "new"]]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("hydra.mode=RUN", "Runs are planned first, which needs hydra.mode=MULTIRUN. Leave it as it is."),
        (
            "hydra.sweeper.max_batch_size=2",
            "hydra.sweeper.max_batch_size=2 has no effect: all runs are planned before the first one starts. "
            "Leave out hydra.sweeper and hydra/sweeper.",
        ),
    ],
)
def test_another_way_through_hydra_is_refused(program: Program, argument: str, message: str) -> None:
    ended = program("attention=dot", argument)
    assert (ended.code, ended.output, ended.errors) == (2, "", f"{message}\n")


def test_the_configuration_can_be_asked_for(program: Program) -> None:
    ended = program("--cfg", "job", "--package", "hidden_size")
    assert (ended.code, ended.output) == (0, "128\n")


def test_ctrl_c_keeps_the_checkpoint_and_the_same_command_resumes(program: Program) -> None:
    with program.start("-m", "attention=dot,none", standin="slow") as process:
        wait_for_training(program)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert output.endswith("\n1 run not started\n\nStopped by SIGINT. The same command resumes from here.\n")
    folder = program.folders()["dot"]
    assert folder.outcome() == Outcome(Status.KILLED, "signal SIGTERM")
    steps = int(folder.last_checkpoint.path.read_text())
    assert 0 < steps < 5
    again = program("-m", "attention=dot,none", "dry_run=true")
    assert [row[1:] for row in plan_lines(again.output)] == [
        ["dot", "killed", "(signal", "SIGTERM),", "resumes"],
        ["none", "new"],
    ]
    assert not list(program.path.glob("runs/plans/*.stop"))


def test_a_killed_sweep_takes_its_child_along_and_the_next_command_resumes(program: Program) -> None:
    with program.start("attention=dot", standin="stubborn") as process:
        deadline = time.monotonic() + 30
        while not program.folders() or not program.folders()["dot"].locked():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
    folder = program.folders()["dot"]
    while folder.locked():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    ended = program("attention=dot", "dry_run=true")
    assert plan_lines(ended.output)[0][1:] == ["killed", "(parent", "died),", "resumes"]


def test_an_option_that_only_the_swept_data_sets_have_is_set_in_each(program: Program) -> None:
    ended = program("-m", "data=copy,reverse", "data.options.alphabet=5", "dry_run=true")
    assert (ended.code, ended.errors) == (0, "")
    assert [row[1:] for row in plan_lines(ended.output)] == [["copy", "new"], ["reverse", "new"]]


def test_a_refused_study_leaves_nothing_behind(program: Program) -> None:
    ended = program("study=a/b")
    assert (ended.code, ended.errors) == (
        2,
        "study must name a folder, received 'a/b'. Use letters, digits, '_', '-' and '.', and begin with a letter or "
        "digit.\n",
    )
    assert not (program.path / "runs").exists()


def test_a_sweep_whose_output_nobody_reads_is_done_and_reported(program: Program) -> None:
    with program.start("-m", "attention=dot,none") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()
    assert (process.returncode, errors) == (0, "")
    assert all(folder.finished() for folder in program.folders().values())
    assert (program.path / "reports" / "main" / "index.html").exists()


def test_a_mechanism_outside_the_package_works_with_its_own_folder_of_configurations(program: Program) -> None:
    (program.path / "mine.py").write_text("class MyAttention:\n    units = 3\n")
    presets = program.path / "my_conf" / "attention"
    presets.mkdir(parents=True)
    (presets / "mine.yaml").write_text("name: mine\ntarget: mine.MyAttention\noptions: {heads: 3}\n")
    arguments = ("--config-dir", "my_conf", "attention=mine")
    ended = program(*arguments)
    assert ended.code == 0, ended.errors
    config = program.folders()["mine"].config.required()
    assert config.attention.target == "mine.MyAttention"
    assert config.attention.options == {"heads": 3}
    (program.path / "mine.py").write_text("class MyAttention:\n    units = 5\n")
    changed = program(*arguments, "dry_run=true")
    assert [row[1:] for row in plan_lines(changed.output)] == [["new"]]


def test_a_sweep_with_joblib_does_each_run_once_on_its_own_cores(program: Program) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    ended = program("-m", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "attention=dot,none", "threads=1")
    assert ended.code == 0, ended.errors
    assert "2 runs at once" in ended.output
    folders = program.folders()
    finished = Outcome(Status.FINISHED)
    assert {name: folder.outcome() for name, folder in folders.items()} == {"dot": finished, "none": finished}
    (plan,) = program.plans()
    assert plan.parallel == 2


def test_the_plan_is_on_screen_before_anything_heavy_is_imported(program: Program) -> None:
    script = (
        "import sys\n"
        "from attnbench.sweep import main\n"
        "sys.argv[1:] = ['dry_run=true', 'device=cpu']\n"
        "main()\n"
        "heavy = {'mlflow', 'keras', 'tensorflow', 'jax', 'pandas', 'matplotlib'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
    )
    ended = subprocess.run(
        [Program.python, "-c", script],
        cwd=program.path,
        env={**os.environ, "PYTHONPATH": str(Program.checkout)},
        capture_output=True,
        text=True,
    )
    assert ended.stdout.endswith("\n[]\n"), ended.stderr
