"""Runs read from run folders and plans."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attnbench.config import RESULTS_VERSION, from_mapping
from attnbench.records import DamagedError, Entry, Outcome, Plan, RunFolder, Status
from attnbench.report.sources.folders import latest_plan, read_all, read_planned, read_run
from tests.report.synthetic import sentences, write_plan, write_run

Compose = Callable[..., dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path, compose: Compose) -> RunFolder:
    """A finished run of 3 test sentences."""
    rows = sentences([[2, 1, 0, 0], [3, 2, 1, 0], [5, 4, 3, 2]], [2, 3, 5])
    config = compose("attention=dot", "seed=7", "study=small", "runs_dir=/elsewhere", "tracking.uri=sqlite:///x.db")
    history = {"valid/bleu": [(79, 11.0), (158, 13.0), (79, 99.0)]}
    return RunFolder(write_run(tmp_path / "runs", config, metrics={"test/bleu": 43}, rows=rows, histories=history))


def test_a_finished_run_is_read_whole(folder: RunFolder) -> None:
    run = read_run(folder.path)
    assert (run.run_id, run.status, run.seed) == (folder.path.name, "FINISHED", 7)
    assert run.signature == folder.facts.required().signature
    assert run.params["attention"] == "dot"
    assert run.params["attention.score"] == "dot"
    assert run.params["training.clip_norm"] == "1.0"
    assert run.metrics == {"test/bleu": 43.0, "valid/bleu": 13.0}
    assert run.sentences is not None
    assert [column.tolist()[2] for column in run.sentences.values()] == [5, 5, 4, 3, 2, 5, 4, 3, 2, 5, 5]
    assert run.origin.device == "a processor"
    assert (run.origin.threads, run.origin.results_version) == (1, RESULTS_VERSION)


def test_of_a_step_logged_twice_the_first_counts_as_in_mlflow(folder: RunFolder) -> None:
    assert read_run(folder.path).histories == {"valid/bleu": ((79, 11.0), (158, 13.0))}


def test_options_that_say_where_files_lie_are_left_out(folder: RunFolder) -> None:
    assert not {"runs_dir", "reports_dir", "tracking.uri", "data.root", "run"} & read_run(folder.path).params.keys()


def test_sentences_stand_in_the_order_of_the_test_set(folder: RunFolder) -> None:
    header, *lines = folder.sentences.path.read_text().splitlines()
    folder.sentences.path.write_text("\n".join([header, *lines[::-1]]) + "\n")
    run = read_run(folder.path)
    assert run.sentences is not None
    assert run.sentences["source_tokens"].tolist() == [2, 3, 5]


def test_a_killed_run_keeps_its_history_and_its_reason(tmp_path: Path, compose: Compose) -> None:
    history = {"train/loss": [(20, 3.0)]}
    path = write_run(tmp_path, compose(), status=Status.KILLED, reason="signal SIGTERM", histories=history)
    run = read_run(path)
    assert (run.status, run.origin.reason, run.sentences) == ("KILLED", "signal SIGTERM", None)
    assert run.histories == {"train/loss": ((20, 3.0),)}


def test_a_run_whose_result_was_cut_off_is_killed(folder: RunFolder) -> None:
    folder.record(Outcome(Status.FINISHED))
    folder.result.path.write_text('{"format": 1, "stat')
    run = read_run(folder.path)
    assert (run.status, run.origin.reason, run.sentences) == ("KILLED", "result lost", None)


def test_a_planned_run_that_has_not_started_is_scheduled(folder: RunFolder, compose: Compose) -> None:
    runs_dir = folder.path.parent
    plan = Plan.read(write_plan(runs_dir, "small", [folder.path]))
    identity = replace(folder.facts.required(), signature="5a" * 32)
    config = from_mapping(compose("attention=general"))
    plan.entries.append(Entry("general-later", config, identity, [], Status.SCHEDULED))
    runs = read_planned(runs_dir, plan).runs
    assert [(run.params["attention"], run.status) for run in runs] == [("dot", "FINISHED"), ("general", "SCHEDULED")]
    assert (runs[1].signature, runs[1].run_id) == ("5a" * 32, "general-later")
    assert runs[1].text_digest


def test_a_plan_covers_its_own_runs_only(folder: RunFolder, compose: Compose) -> None:
    runs_dir = folder.path.parent
    write_run(runs_dir, compose("attention=none"), metrics={})
    runs = read_planned(runs_dir, Plan.read(write_plan(runs_dir, "small", [folder.path])))
    assert (runs.study, [run.run_id for run in runs.runs]) == ("small", [folder.path.name])


def test_the_latest_plan_is_taken_of_a_study_or_of_all(folder: RunFolder) -> None:
    runs_dir = folder.path.parent
    assert latest_plan(runs_dir) is None
    for study, created in (("early", "2026-01-01"), ("late", "2026-03-01"), ("early", "2026-02-01")):
        write_plan(runs_dir, study, [folder.path], created=created)
    (runs_dir / "plans" / "late-20250101000000-abc123.json").write_text("of an earlier version")
    latest, early = latest_plan(runs_dir), latest_plan(runs_dir, "early")
    assert latest is not None
    assert early is not None
    assert (latest.study, early.created) == ("late", "2026-02-01")


def test_an_unknown_study_is_named_with_the_nearest(folder: RunFolder) -> None:
    runs_dir = folder.path.parent
    write_plan(runs_dir, "mechanisms", [folder.path])
    with pytest.raises(ValueError, match="Unknown study") as caught:
        latest_plan(runs_dir, "mechanism")
    assert str(caught.value) == (
        f"Unknown study 'mechanism' in {runs_dir}. Known: mechanisms. Did you mean 'mechanisms'?"
    )


def test_without_plans_all_folders_are_read_or_those_of_a_study(folder: RunFolder, compose: Compose) -> None:
    runs_dir = folder.path.parent
    write_run(runs_dir, compose("attention=none", "study=other"), metrics={})
    assert (read_all(runs_dir).study, len(read_all(runs_dir).runs)) == ("runs", 2)
    assert [run.params["attention"] for run in read_all(runs_dir, "small").runs] == ["dot"]


def test_a_result_of_another_format_is_refused(folder: RunFolder) -> None:
    result = json.loads(folder.result.path.read_text())
    folder.result.path.write_text(json.dumps(result | {"format": 2}))
    with pytest.raises(DamagedError, match="format") as caught:
        read_run(folder.path)
    assert str(caught.value) == (
        f"The result of {folder.path.name} has format 2, expected 1. "
        "Read it with the version of attnbench that wrote it."
    )


def test_a_damaged_run_of_a_plan_has_failed_for_that_reason(folder: RunFolder) -> None:
    plan = Plan.read(write_plan(folder.path.parent, "small", [folder.path]))
    folder.maps.path.write_text("5")
    (run,) = read_planned(folder.path.parent, plan).runs
    assert (run.status, run.signature, run.params["attention"]) == ("FAILED", plan.entries[0].signature, "dot")
    assert run.origin.reason == (
        f"{folder.path.name}/maps.json is damaged: maps.json must be a list, received 5. "
        "Restore it from a copy, or delete it."
    )


def test_without_a_plan_a_run_of_unknown_options_is_a_remark(folder: RunFolder, compose: Compose) -> None:
    runs_dir = folder.path.parent
    lost = RunFolder(write_run(runs_dir, compose("attention=none"), metrics={}))
    damaged = RunFolder(write_run(runs_dir, compose("attention=general"), metrics={}))
    lost.config.path.unlink()
    damaged.facts.path.unlink()
    runs = read_all(runs_dir)
    assert runs.remarks == (
        f"A run was left out: {lost.path.name}/config.json is missing. Restore it from a copy, or delete its folder.",
    )
    assert [(run.status, run.origin.reason) for run in runs.runs] == [
        ("FINISHED", ""),
        ("FAILED", f"{damaged.path.name}/facts.json is missing. Restore it from a copy, or delete its folder."),
    ]


def test_statistics_are_integers(folder: RunFolder) -> None:
    run = read_run(folder.path)
    assert run.sentences is not None
    assert {(column.dtype, column.shape) for column in run.sentences.values()} == {(np.dtype(np.int64), (3,))}
