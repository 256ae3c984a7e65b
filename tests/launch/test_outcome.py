"""The outcome of an attempt by exit codes, events, the log and the kernel's counters."""

from dataclasses import replace
from pathlib import Path

import pytest

from attnbench.launch.outcome import Exit, Snapshot, classify
from attnbench.records import ExitCode, Outcome, RunFolder, Status
from tests import made


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    found = RunFolder(tmp_path)
    found.record(Outcome(Status.RUNNING))
    found.record(Outcome(Status.KILLED, "signal SIGTERM"))
    found.log.path.write_text("MemoryError of an earlier attempt\n")
    return found


def test_traces_of_an_earlier_attempt_are_ignored(folder: RunFolder) -> None:
    before = Snapshot.of(folder)
    folder.record(Outcome(Status.RUNNING))
    with folder.log.path.open("a") as log:
        log.write("cannot open shared object\n")
    assert classify(folder, before, Exit(1)) == Outcome(
        Status.FAILED,
        "error: the process ended with exit status 1 and no result; last line of run.log: cannot open shared object",
    )


@pytest.mark.parametrize(
    ("code", "how"),
    [
        (5, "ended with exit status 5 and no result"),  # os._exit in a layer of the user's own
        (-11, "ended by SIGSEGV"),
        (-6, "ended by SIGABRT"),
        (-40, "ended by signal 40"),
    ],
)
def test_an_end_is_not_blamed_on_a_warning(folder: RunFolder, code: int, how: str) -> None:
    before = Snapshot.of(folder)
    folder.record(Outcome(Status.RUNNING))
    with folder.log.path.open("a") as log:
        log.write("Could not find cuda drivers on your machine, GPU will not be used.\n\n")
    assert classify(folder, before, Exit(code)) == Outcome(
        Status.FAILED,
        f"error: the process {how}; "
        "last line of run.log: Could not find cuda drivers on your machine, GPU will not be used.",
    )


def test_a_result_counts_even_where_its_status_was_cut_off(folder: RunFolder) -> None:
    before = Snapshot.of(folder)
    folder.result.write(made.result())
    assert classify(folder, before, Exit(-9)) == Outcome(Status.FINISHED)
    assert folder.outcome() == Outcome(Status.FINISHED)


def test_a_run_that_another_process_holds_gets_no_event(folder: RunFolder) -> None:
    events = folder.read_events()
    assert classify(folder, Snapshot.of(folder), Exit(ExitCode.LOCKED)) == Outcome(Status.ELSEWHERE)
    assert folder.read_events() == events


def test_a_run_that_another_process_finished_gets_no_event_either(folder: RunFolder) -> None:
    events = folder.read_events()
    outcome = classify(folder, Snapshot.of(folder), Exit(ExitCode.FINISHED_BEFORE))
    assert outcome == Outcome(Status.FINISHED, "by another process")
    assert folder.read_events() == events


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_that_asks_to_end_is_killed_not_failed(folder: RunFolder, name: str) -> None:
    number = {"SIGTERM": -15, "SIGINT": -2, "SIGHUP": -1}[name]
    assert classify(folder, Snapshot.of(folder), Exit(number)) == Outcome(Status.KILLED, f"signal {name}")


def test_a_child_that_is_stopped_between_two_rounds_is_killed(folder: RunFolder) -> None:
    outcome = classify(folder, Snapshot.of(folder), Exit(ExitCode.AGAIN, stopped_by="SIGINT"))
    assert outcome == Outcome(Status.KILLED, "signal SIGINT")


def test_a_child_killed_while_the_kernel_counts_an_oom_kill_is_out_of_memory(folder: RunFolder) -> None:
    before = replace(Snapshot.of(folder), oom_kills=-1)
    assert classify(folder, before, Exit(-9)) == Outcome(Status.FAILED, "out of memory")


def test_the_time_limit_outweighs_the_signal_that_the_child_reports(folder: RunFolder) -> None:
    before = Snapshot.of(folder)
    folder.record(Outcome(Status.KILLED, "signal SIGTERM"))
    assert classify(folder, before, Exit(ExitCode.KILLED, timed_out=True)) == Outcome(Status.FAILED, "time limit")
    assert folder.outcome() == Outcome(Status.FAILED, "time limit")


def test_a_failure_names_what_the_run_was_forecast_to_need(folder: RunFolder) -> None:
    folder.forecast.write(made.forecast(needs={"time limit": "the whole profile takes about 73.2 minutes by forecast"}))
    late = Outcome(Status.FAILED, "time limit: the whole profile takes about 73.2 minutes by forecast")
    assert classify(folder, Snapshot.of(folder), Exit(-9, timed_out=True)) == late
    assert folder.outcome() == late
    before = Snapshot.of(folder)
    folder.record(Outcome(Status.FAILED, "out of memory"))
    assert classify(folder, before, Exit(1)) == Outcome(Status.FAILED, "out of memory")
