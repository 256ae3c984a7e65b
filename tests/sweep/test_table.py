"""The plan and the summary on the terminal."""

from collections.abc import Callable
from pathlib import Path

import pytest

from attnbench.records import Outcome, Plan, RunFolder, Status
from attnbench.sweep.compose import Job
from attnbench.sweep.plan import make_plan
from attnbench.sweep.table import print_plan, print_summary
from tests import made

Jobs = Callable[..., list[Job]]


@pytest.fixture
def seeds(jobs: Jobs, tmp_path: Path) -> tuple[Plan, list[RunFolder]]:
    plan = make_plan(jobs(*([f"seed={seed}"] for seed in range(1, 6))), parallel=1)
    return plan, [RunFolder(tmp_path / "runs" / entry.folder) for entry in plan.entries]


def test_the_summary_compares_names_failures_and_counts_the_rest(
    seeds: tuple[Plan, list[RunFolder]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    plan, folders = seeds
    for folder, entry in zip(folders[:4], plan.entries):
        made.begin(folder, entry.config, entry.identity)
    made.finish(folders[0], {"test/bleu": 43.04, "memory/train_peak_bytes": 123 * 2**20}, duration_seconds=754.0)
    made.finish(folders[1], {"test/bleu": 7.0}, duration_seconds=754.0)
    folders[2].record(Outcome(Status.FAILED, "out of memory"))
    folders[2].log.path.touch()
    lock = folders[3].lock()
    assert lock is not None
    print_summary(plan, tmp_path / "runs")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines if line and "─" not in line] == [
        ["peak"],
        ["seed", "BLEU", "MiB", "time"],
        ["1", "43.04", "123.0", "12:34"],
        ["2", "7.00", "12:34"],
        [folders[2].path.name, "failed", "(out", "of", "memory)"],
        ["log", f"runs/{folders[2].path.name}/run.log"],
        ["1", "run", "running", "elsewhere"],
        ["1", "run", "not", "started"],
    ]


def test_a_long_plan_is_cut_unless_it_is_asked_for(jobs: Jobs, capsys: pytest.CaptureFixture[str]) -> None:
    plan = make_plan(jobs(*([f"seed={seed}"] for seed in range(1, 6))), parallel=1)
    print_plan(plan, most_runs=2)
    assert capsys.readouterr().out.endswith("and 3 more; dry_run=true lists them all\n")
    print_plan(plan, most_runs=5)
    assert "more; dry_run" not in capsys.readouterr().out


def test_the_plan_says_what_its_runs_share(jobs: Jobs, capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(make_plan(jobs(["hidden_size=22", "threads=1"]), parallel=1), most_runs=40)
    first, shared, machine, *_ = capsys.readouterr().out.splitlines()
    assert first == "main: 1 run: 1 new"
    assert shared == (
        "attention bahdanau  hidden_size 22  sequence_length 20  seed 1  data grammar  backend tensorflow  "
        "precision float32"
    )
    assert ", 1 thread" in machine


@pytest.mark.parametrize(("rerun", "words"), [("failed", "retried at the end"), ("none", "skipped")])
def test_the_plan_says_what_becomes_of_a_run_that_another_process_holds(
    jobs: Jobs, capsys: pytest.CaptureFixture[str], tmp_path: Path, rerun: str, words: str
) -> None:
    one = jobs([f"rerun={rerun}"])
    lock = RunFolder(tmp_path / "runs" / make_plan(one, parallel=1).entries[0].folder).lock()
    assert lock is not None
    print_plan(make_plan(one, parallel=1), most_runs=40)
    assert f"running elsewhere, {words}" in capsys.readouterr().out


def test_a_finished_run_of_another_commit_is_skipped_by_that_name(
    jobs: Jobs, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one = jobs(["seed=1"])
    (entry,) = make_plan(one, parallel=1).entries
    other_commit = made.identity(provenance=made.provenance(commit="c0ffeec0ffee"))
    made.finish(made.begin(RunFolder(tmp_path / "runs" / entry.folder), entry.config, other_commit))
    print_plan(make_plan(one, parallel=1), most_runs=40)
    assert "finished at commit c0ffeec, skipped" in capsys.readouterr().out
