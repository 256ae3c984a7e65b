"""The plan and the summary on the terminal."""

from collections.abc import Callable
from pathlib import Path

import pytest

from attnbench.results import FAILED, FINISHED, RUNNING, RunFolder, write_json
from attnbench.sweep.compose import Composition, Launcher
from attnbench.sweep.plan import Plan, make_plan
from attnbench.sweep.table import print_plan, print_summary

Compositions = Callable[..., list[Composition]]
ALONE = Launcher(one_by_one=True, parallel=1)


def finish(folder: RunFolder, **metrics: float) -> None:
    folder.path.mkdir(parents=True)
    folder.append("status", status=FINISHED)
    write_json(folder.result, {"status": FINISHED, "metrics": metrics, "duration_seconds": 754.0})


@pytest.fixture
def seeds(compositions: Compositions, tmp_path: Path) -> tuple[Plan, list[RunFolder]]:
    plan = make_plan(compositions(*([f"seed={seed}"] for seed in range(1, 6))), ALONE)
    return plan, [RunFolder(tmp_path / "runs" / entry.folder) for entry in plan.entries]


def test_the_summary_compares_names_failures_and_counts_the_rest(
    seeds: tuple[Plan, list[RunFolder]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    plan, folders = seeds
    finish(folders[0], **{"test/bleu": 43.04, "memory/train_peak_bytes": 123e6})
    finish(folders[1], **{"test/bleu": 7.0})
    for folder in folders[2:4]:
        folder.path.mkdir(parents=True)
        folder.append("status", status=RUNNING)
    folders[2].append("status", status=FAILED, reason="out of memory")
    folders[2].log.touch()
    assert folders[3].lock() is not None
    print_summary(plan, tmp_path / "runs")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines if line and "─" not in line] == [
        ["peak"],
        ["seed", "BLEU", "MB", "time"],
        ["1", "43.0", "123", "12:34"],
        ["2", "7.0", "12:34"],
        [folders[2].path.name, "failed", "(out", "of", "memory)"],
        ["log", f"runs/{folders[2].path.name}/run.log"],
        ["1", "run", "running", "elsewhere"],
        ["1", "run", "not", "started"],
    ]


def test_a_long_plan_is_cut_unless_it_is_asked_for(
    compositions: Compositions, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attnbench.sweep.table._SHOWN_RUNS", 2)
    plan = make_plan(compositions(*([f"seed={seed}"] for seed in range(1, 6))), ALONE)
    print_plan(plan, every_run=False)
    assert capsys.readouterr().out.endswith("and 3 more; dry_run=true lists them all\n")
    print_plan(plan, every_run=True)
    assert "and 3 more" not in capsys.readouterr().out


def test_the_plan_says_what_its_runs_share(compositions: Compositions, capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(make_plan(compositions(["hidden_size=22", "threads=1"]), ALONE), every_run=False)
    first, shared, machine, *_ = capsys.readouterr().out.splitlines()
    assert first == "main: 1 run: 1 new"
    assert shared == (
        "attention bahdanau  hidden_size 22  sequence_length 20  seed 1  data grammar  backend tensorflow  "
        "precision float32"
    )
    assert ", 1 thread" in machine


@pytest.mark.parametrize(("rerun", "words"), [("failed", "tried again at the end"), ("none", "left as it is")])
def test_the_plan_says_what_becomes_of_a_run_that_another_process_holds(
    compositions: Compositions, capsys: pytest.CaptureFixture[str], tmp_path: Path, rerun: str, words: str
) -> None:
    jobs = compositions([f"rerun={rerun}"])
    assert RunFolder(tmp_path / "runs" / make_plan(jobs, ALONE).entries[0].folder).lock() is not None
    print_plan(make_plan(jobs, ALONE), every_run=False)
    assert f"running elsewhere, {words}" in capsys.readouterr().out


def test_a_finished_run_of_another_commit_is_skipped_by_that_name(
    compositions: Compositions, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    jobs = compositions(["seed=1"])
    folder = RunFolder(tmp_path / "runs" / make_plan(jobs, ALONE).entries[0].folder)
    finish(folder)
    write_json(folder.facts, {"provenance": {"commit": "c0ffeec0ffee"}})
    print_plan(make_plan(jobs, ALONE), every_run=False)
    assert "finished at commit c0ffeec, skipped" in capsys.readouterr().out
