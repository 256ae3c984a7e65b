"""Reading an ending from exit codes, events, the log and the kernel's counters."""

from pathlib import Path

import pytest

from attnbench.launch import ELSEWHERE, Outcome
from attnbench.launch.outcome import Beginning, Ending, judge
from attnbench.results import FAILED, FINISHED, KILLED, RUNNING, RunFolder, write_json


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    found = RunFolder(tmp_path)
    found.append("status", status=RUNNING)
    found.append("status", status=KILLED, reason="signal SIGTERM")
    found.log.write_text("MemoryError of an earlier attempt\n")
    return found


def test_traces_of_an_earlier_attempt_count_for_nothing(folder: RunFolder) -> None:
    beginning = Beginning.of(folder)
    folder.append("status", status=RUNNING)
    with folder.log.open("a") as log:
        log.write("cannot open shared object\n")
    assert judge(folder, beginning, Ending(1)) == Outcome(FAILED, "error: cannot open shared object")


def test_a_result_counts_even_where_its_status_was_cut_off(folder: RunFolder) -> None:
    beginning = Beginning.of(folder)
    write_json(folder.result, {"status": FINISHED})
    assert judge(folder, beginning, Ending(-9)) == Outcome(FINISHED)
    assert folder.status() == (FINISHED, "")


def test_a_locked_folder_is_somebody_elses_and_gets_no_event(folder: RunFolder) -> None:
    before = list(folder.read_events())
    assert judge(folder, Beginning.of(folder), Ending(4)) == Outcome(ELSEWHERE)
    assert list(folder.read_events()) == before


def test_a_run_that_another_process_finished_gets_no_event_either(folder: RunFolder) -> None:
    before = list(folder.read_events())
    assert judge(folder, Beginning.of(folder), Ending(6)) == Outcome(FINISHED, "by another process")
    assert list(folder.read_events()) == before


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_that_asks_to_end_is_killed_not_failed(folder: RunFolder, name: str) -> None:
    number = {"SIGTERM": -15, "SIGINT": -2, "SIGHUP": -1}[name]
    assert judge(folder, Beginning.of(folder), Ending(number)) == Outcome(KILLED, f"signal {name}")


def test_a_stopped_child_that_wanted_another_round_is_killed(folder: RunFolder) -> None:
    assert judge(folder, Beginning.of(folder), Ending(5, stopped_by="SIGINT")) == Outcome(KILLED, "signal SIGINT")


def test_the_time_limit_outweighs_what_the_child_said_of_its_signal(folder: RunFolder) -> None:
    beginning = Beginning.of(folder)
    folder.append("status", status=KILLED, reason="signal SIGTERM")
    assert judge(folder, beginning, Ending(3, timed_out=True)) == Outcome(FAILED, "time limit")
    assert folder.status() == (FAILED, "time limit")


def test_a_failure_names_what_a_forecast_said_of_its_need(folder: RunFolder) -> None:
    write_json(folder.forecast, {"needs": {"time limit": "the whole profile takes about 73.2 minutes by forecast"}})
    late = Outcome(FAILED, "time limit: the whole profile takes about 73.2 minutes by forecast")
    assert judge(folder, Beginning.of(folder), Ending(-9, timed_out=True)) == late
    assert folder.status() == (FAILED, late.reason)
    beginning = Beginning.of(folder)
    folder.append("status", status=FAILED, reason="out of memory")
    assert judge(folder, beginning, Ending(1)) == Outcome(FAILED, "out of memory")
