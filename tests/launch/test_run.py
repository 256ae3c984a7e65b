"""One run's life, with the stand-in of tests/standin.py for its child."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from attnbench.config import from_mapping
from attnbench.launch import AGAIN, ELSEWHERE, Outcome, Stop, settle_abandoned
from attnbench.results import FAILED, FINISHED, KILLED, RUNNING, RunFolder, read_json, write_json

Start = Callable[..., Outcome]


def statuses(folder: RunFolder) -> list[str]:
    return [event["status"] for event in folder.read_events() if event["type"] == "status"]


def steps(folder: RunFolder) -> list[int]:
    return [event["step"] for event in folder.read_events() if event["type"] == "metrics"]


def later(seconds: float, action: Callable[[], object]) -> None:
    threading.Timer(seconds, action).start()


def test_a_run_that_finishes_leaves_its_configuration_its_facts_and_its_result(start: Start, folder: RunFolder) -> None:
    assert start("finish", seed=2) == Outcome(FINISHED)
    assert from_mapping(read_json(folder.config)).seed == 2
    assert read_json(folder.facts)["signature"] == "5" * 64
    assert read_json(folder.result)["metrics"]["test/bleu"] == 52.0
    assert statuses(folder) == [RUNNING, FINISHED]


def test_a_crash_is_failed_with_the_last_line_of_its_log(start: Start, folder: RunFolder) -> None:
    assert start("crash") == Outcome(FAILED, "error: KeyError: 'annotations'")
    assert folder.status() == (FAILED, "error: KeyError: 'annotations'")


def test_a_child_that_says_why_it_failed_is_believed(start: Start, folder: RunFolder) -> None:
    assert start("fail") == Outcome(FAILED, "non-finite loss")
    assert statuses(folder) == [RUNNING, FAILED]


def test_a_memory_error_in_the_log_is_out_of_memory(start: Start) -> None:
    assert start("memory") == Outcome(FAILED, "out of memory")


def test_a_segmentation_fault_is_failed_by_the_name_of_its_signal(start: Start) -> None:
    assert start("segfault") == Outcome(FAILED, "error: the process crashed with SIGSEGV")


def test_a_child_killed_from_outside_is_killed(start: Start, folder: RunFolder) -> None:
    assert start("vanish") == Outcome(KILLED, "signal SIGKILL")
    assert folder.status() == (KILLED, "signal SIGKILL")


def test_a_child_killed_while_the_kernel_counts_an_oom_kill_is_out_of_memory(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter([3, 4])
    monkeypatch.setattr("attnbench.launch.outcome.oom_kills", lambda: next(counts))
    assert start("vanish") == Outcome(FAILED, "out of memory")


def test_a_child_that_ends_without_a_result_has_failed(start: Start) -> None:
    assert start("silent") == Outcome(FAILED, "error: the process ended with exit code 0 and no result")


def test_a_run_past_its_time_limit_is_failed(start: Start, folder: RunFolder) -> None:
    assert start("slow", time_limit_minutes=0.01) == Outcome(FAILED, "time limit")
    assert folder.status() == (FAILED, "time limit")


def test_a_profile_asks_for_another_round_until_the_last(start: Start, folder: RunFolder) -> None:
    assert start("rounds", task="profile") == Outcome(AGAIN)
    assert start("rounds", task="profile") == Outcome(FINISHED)
    assert len(read_json(folder.path / "rounds.json")) == 2


def test_the_time_limit_counts_all_rounds_of_a_profile(start: Start, folder: RunFolder) -> None:
    assert start("rounds", task="profile") == Outcome(AGAIN)
    # The first round says that it took two seconds; 1.8 are allowed.
    assert start("rounds", task="profile", time_limit_minutes=0.03) == Outcome(FAILED, "time limit")
    assert len(read_json(folder.path / "rounds.json")) == 1


def test_the_time_limit_counts_the_forecast_of_a_profile(start: Start, folder: RunFolder) -> None:
    write_json(folder.forecast, {"seconds": 2.0})
    assert start("rounds", task="profile", time_limit_minutes=0.03) == Outcome(FAILED, "time limit")
    assert not folder.rounds.exists()


def test_a_stopped_run_is_killed_and_the_next_attempt_goes_on_from_its_checkpoint(
    start: Start, folder: RunFolder, stop: Stop
) -> None:
    later(1.5, lambda: stop.request("SIGINT"))
    assert start("slow") == Outcome(KILLED, "signal SIGTERM")
    done = len(steps(folder))
    assert 0 < done < 5
    stop.clear()
    assert start("finish") == Outcome(FINISHED)
    assert steps(folder) == [1, 2, 3, 4, 5]
    assert statuses(folder) == [RUNNING, KILLED, RUNNING, FINISHED]


def test_a_fresh_start_throws_the_earlier_attempt_away(start: Start, folder: RunFolder) -> None:
    start("finish")
    (folder.path / "rounds.json").write_text("[]")
    start("finish", fresh=True)
    assert statuses(folder) == [RUNNING, FINISHED]
    assert not (folder.path / "rounds.json").exists()


def test_a_run_that_has_finished_since_it_was_planned_is_left_as_it_is(start: Start, folder: RunFolder) -> None:
    start("finish", seed=2)
    assert start("crash", seed=3) == Outcome(FINISHED, "by another process")
    assert from_mapping(read_json(folder.config)).seed == 2
    assert statuses(folder) == [RUNNING, FINISHED]


def test_an_attempt_removes_what_a_kill_left_half_written(start: Start, folder: RunFolder) -> None:
    folder.checkpoints.mkdir(parents=True)
    (folder.checkpoints / ".last.npz.7").touch()
    start("finish")
    assert sorted(path.name for path in folder.checkpoints.iterdir()) == ["best.npz", "last.npz"]


def test_a_second_request_ends_a_child_that_does_not_hear_the_first(start: Start, stop: Stop) -> None:
    later(0.5, lambda: stop.request("SIGINT"))
    later(1.0, lambda: stop.request("SIGINT"))
    began = time.monotonic()
    assert start("stubborn") == Outcome(KILLED, "signal SIGINT")
    assert time.monotonic() - began < 10


def test_a_run_that_another_process_holds_is_elsewhere_and_left_as_it_is(start: Start, folder: RunFolder) -> None:
    descriptor = folder.lock()
    assert descriptor is not None
    folder.append("status", status=RUNNING)
    assert start("finish") == Outcome(ELSEWHERE)
    assert statuses(folder) == [RUNNING]
    assert not folder.config.exists()
    os.close(descriptor)


def test_an_unsettled_run_that_nobody_holds_is_marked_killed_once(folder: RunFolder) -> None:
    folder.path.mkdir()
    folder.append("status", status=RUNNING)
    assert settle_abandoned(folder)
    assert folder.status() == (KILLED, "parent died")
    assert not settle_abandoned(folder)


def test_a_run_that_died_with_its_result_complete_has_finished(folder: RunFolder) -> None:
    folder.path.mkdir()
    folder.append("status", status=RUNNING)
    write_json(folder.result, {"status": FINISHED})
    descriptor = folder.lock()
    assert descriptor is not None
    assert not settle_abandoned(folder)
    os.close(descriptor)
    assert settle_abandoned(folder)
    assert not settle_abandoned(folder)
    assert statuses(folder) == [RUNNING, FINISHED]


def test_a_run_that_waits_for_a_gpu_between_two_rounds_is_ended_by_a_request_to_stop(
    start: Start, folder: RunFolder, stop: Stop
) -> None:
    folder.path.mkdir()
    folder.append("status", status=RUNNING)
    stop.request("SIGINT")
    assert start("rounds", task="profile", device="gpu", gpus=("2",)) == Outcome(KILLED, "signal SIGINT")
    assert folder.status() == (KILLED, "signal SIGINT")


def test_a_run_that_says_it_finished_and_has_no_result_is_marked_killed_once(folder: RunFolder) -> None:
    folder.path.mkdir()
    folder.append("status", status=FINISHED)
    assert settle_abandoned(folder)
    assert not settle_abandoned(folder)
    assert [event.get("reason") for event in folder.read_events()] == [None, "result lost"]


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path, start: Start, folder: RunFolder) -> None:
    start("finish")
    folder.result.unlink()
    (folder.checkpoints / "last.npz").write_text("0")
    program = (
        "import subprocess, sys, time\n"
        "subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True)\n"
        "time.sleep(60)\n"
    )
    standin = str(Path(__file__).parents[1] / "standin.py")
    environment = {**os.environ, "STANDIN": "stubborn", "CUDA_VISIBLE_DEVICES": "-1"}
    with subprocess.Popen(
        [sys.executable, "-c", program, sys.executable, standin, str(folder.path)], env=environment
    ) as parent:
        wait_for(folder.locked)
        parent.send_signal(signal.SIGKILL)
    wait_for(lambda: not folder.locked())
    assert folder.status() == (KILLED, "parent died")


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_progress_is_told_while_the_child_works(start: Start, stop: Stop) -> None:
    told: list[Mapping[str, Any]] = []

    def tell(progress: Mapping[str, Any] | None) -> None:
        if progress is not None and not stop.requests():
            told.append(progress)
            stop.request("SIGINT")

    start("slow", progress=tell)
    assert told[0]["phase"] == "training"


def test_the_child_is_pinned_to_as_many_cores_as_it_has_threads(start: Start, folder: RunFolder) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs two cores to leave one out")
    start("finish", threads=1)
    (cores,) = [note for note in read_json(folder.result)["notes"] if note.startswith("cores")]
    assert len(cores.split(",")) == 1
