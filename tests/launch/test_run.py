"""One run's life, with the stand-in of tests/standin.py for its child."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from attnbench.launch import Stop, finalize_abandoned
from attnbench.records import Outcome, Progress, RunFolder, Status
from tests import made
from tests.gpus import Card, install

Start = Callable[..., Outcome]


def steps(folder: RunFolder) -> list[int]:
    return [event.step for event in made.points(folder)]


def stop_when_shown(stop: Stop, *, requests: int = 1) -> Callable[[Progress | None], None]:
    """A `progress` that asks the run to stop once there is something to show."""

    def show(progress: Progress | None) -> None:
        if progress is not None and not stop.requests():
            for _ in range(requests):
                stop.request("SIGINT")

    return show


def test_a_run_that_finishes_leaves_its_configuration_its_facts_and_its_result(start: Start, folder: RunFolder) -> None:
    assert start("finish", seed=2) == Outcome(Status.FINISHED)
    assert folder.config.required().seed == 2
    assert folder.facts.required() == made.identity()
    assert folder.result.required().metrics["test/bleu"] == 52.0
    assert made.statuses(folder) == [Status.RUNNING, Status.FINISHED]


def test_a_crash_is_failed_by_how_it_ended_and_the_last_line_of_its_log_is_only_quoted(
    start: Start, folder: RunFolder
) -> None:
    crashed = Outcome(
        Status.FAILED,
        "error: the process ended with exit status 1 and no result; last line of run.log: KeyError: 'annotations'",
    )
    assert start("crash") == crashed
    assert folder.outcome() == crashed


def test_the_reason_that_a_child_gives_is_kept(start: Start, folder: RunFolder) -> None:
    assert start("fail") == Outcome(Status.FAILED, "non-finite loss")
    assert made.statuses(folder) == [Status.RUNNING, Status.FAILED]


def test_a_memory_error_in_the_log_is_out_of_memory(start: Start) -> None:
    assert start("memory") == Outcome(Status.FAILED, "out of memory")


def test_a_segmentation_fault_is_failed_by_the_name_of_its_signal(start: Start) -> None:
    assert start("segfault") == Outcome(Status.FAILED, "error: the process ended by SIGSEGV")


def test_a_child_killed_from_outside_is_killed(start: Start, folder: RunFolder) -> None:
    assert start("vanish") == Outcome(Status.KILLED, "signal SIGKILL")
    assert folder.outcome() == Outcome(Status.KILLED, "signal SIGKILL")


def test_a_child_that_ends_without_a_result_has_failed(start: Start) -> None:
    assert start("silent") == Outcome(Status.FAILED, "error: the process ended with exit status 0 and no result")


def test_a_run_past_its_time_limit_is_failed(start: Start, folder: RunFolder) -> None:
    assert start("slow", time_limit_minutes=0.01) == Outcome(Status.FAILED, "time limit")
    assert folder.outcome() == Outcome(Status.FAILED, "time limit")


def test_a_profile_asks_for_another_round_until_the_last(start: Start, folder: RunFolder) -> None:
    assert start("rounds", task="profile") == Outcome(Status.AGAIN)
    assert start("rounds", task="profile") == Outcome(Status.FINISHED)
    assert len(folder.rounds.required()) == 2


def test_the_time_limit_counts_all_rounds_of_a_profile(start: Start, folder: RunFolder) -> None:
    assert start("rounds", task="profile") == Outcome(Status.AGAIN)
    # The first round says that it took two seconds; 1.8 are allowed.
    assert start("rounds", task="profile", time_limit_minutes=0.03) == Outcome(Status.FAILED, "time limit")
    assert len(folder.rounds.required()) == 1


def test_the_time_limit_counts_the_forecast_of_a_profile(start: Start, folder: RunFolder) -> None:
    folder.forecast.write(made.forecast(seconds=2.0))
    assert start("rounds", task="profile", time_limit_minutes=0.03) == Outcome(Status.FAILED, "time limit")
    assert not folder.rounds.exists()


def test_a_stopped_run_is_killed_and_the_next_attempt_resumes_from_its_checkpoint(
    start: Start, folder: RunFolder, stop: Stop
) -> None:
    assert start("slow", progress=stop_when_shown(stop)) == Outcome(Status.KILLED, "signal SIGTERM")
    done = len(steps(folder))
    assert 0 < done < 5
    stop.clear()
    assert start("finish") == Outcome(Status.FINISHED)
    assert steps(folder) == [1, 2, 3, 4, 5]
    assert made.statuses(folder) == [Status.RUNNING, Status.KILLED, Status.RUNNING, Status.FINISHED]


def test_a_fresh_start_removes_the_earlier_attempt(start: Start, folder: RunFolder) -> None:
    start("finish")
    folder.rounds.write([made.profile_round()])
    start("finish", fresh=True)
    assert made.statuses(folder) == [Status.RUNNING, Status.FINISHED]
    assert not folder.rounds.exists()


def test_a_run_that_has_finished_since_it_was_planned_is_skipped(start: Start, folder: RunFolder) -> None:
    start("finish", seed=2)
    assert start("crash", seed=3) == Outcome(Status.FINISHED, "by another process")
    assert folder.config.required().seed == 2
    assert made.statuses(folder) == [Status.RUNNING, Status.FINISHED]


def test_an_attempt_removes_what_a_kill_left_half_written(start: Start, folder: RunFolder) -> None:
    checkpoints = folder.last_checkpoint.path.parent
    checkpoints.mkdir(parents=True)
    (checkpoints / ".last.npz.7").touch()
    start("finish")
    assert sorted(path.name for path in checkpoints.iterdir()) == ["best.npz", "last.npz"]


def test_a_second_request_ends_a_child_that_ignores_the_first(start: Start, stop: Stop) -> None:
    began = time.monotonic()
    progress = stop_when_shown(stop, requests=2)
    assert start("stubborn", progress=progress) == Outcome(Status.KILLED, "signal SIGINT")
    assert time.monotonic() - began < 10


def test_a_run_that_another_process_holds_is_elsewhere_and_not_touched(start: Start, folder: RunFolder) -> None:
    lock = folder.lock()
    assert lock is not None
    folder.record(Outcome(Status.RUNNING))
    assert start("finish") == Outcome(Status.ELSEWHERE)
    assert made.statuses(folder) == [Status.RUNNING]
    assert not folder.config.exists()
    lock.release()


def test_an_abandoned_run_is_marked_killed_once(folder: RunFolder) -> None:
    folder.path.mkdir()
    folder.record(Outcome(Status.RUNNING))
    assert finalize_abandoned(folder)
    assert folder.outcome() == Outcome(Status.KILLED, "parent died")
    assert not finalize_abandoned(folder)


def test_a_run_that_died_with_its_result_complete_has_finished(folder: RunFolder) -> None:
    folder.path.mkdir()
    folder.record(Outcome(Status.RUNNING))
    folder.result.write(made.result())
    lock = folder.lock()
    assert lock is not None
    assert not finalize_abandoned(folder)
    lock.release()
    assert finalize_abandoned(folder)
    assert not finalize_abandoned(folder)
    assert made.statuses(folder) == [Status.RUNNING, Status.FINISHED]


def test_a_run_that_waits_for_a_gpu_between_two_rounds_is_ended_by_a_request_to_stop(
    start: Start, folder: RunFolder, stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Card("GPU-5e11", made.identity().facts.device))
    folder.path.mkdir()
    folder.record(Outcome(Status.RUNNING))
    stop.request("SIGINT")
    assert start("rounds", task="profile", device="gpu") == Outcome(Status.KILLED, "signal SIGINT")
    assert folder.outcome() == Outcome(Status.KILLED, "signal SIGINT")


def test_a_finished_run_without_a_result_is_marked_killed_once(folder: RunFolder) -> None:
    folder.path.mkdir()
    folder.record(Outcome(Status.FINISHED))
    assert finalize_abandoned(folder)
    assert not finalize_abandoned(folder)
    assert folder.outcome() == Outcome(Status.KILLED, "result lost")
    assert made.statuses(folder) == [Status.FINISHED, Status.KILLED]


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path, start: Start, folder: RunFolder) -> None:
    start("finish")
    folder.result.path.unlink()
    folder.last_checkpoint.path.write_text("0")
    program = (
        "import subprocess, sys, time\n"
        "subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True)\n"
        "time.sleep(60)\n"
    )
    standin = str(Path(__file__).parents[1] / "standin.py")
    environment = {**os.environ, "STANDIN": "slow", "STANDIN_SECONDS": "60", "CUDA_VISIBLE_DEVICES": "-1"}
    with subprocess.Popen(
        [sys.executable, "-c", program, sys.executable, standin, str(folder.path)], env=environment
    ) as parent:
        wait_for(folder.locked)
        parent.send_signal(signal.SIGKILL)
    wait_for(lambda: not folder.locked())
    assert folder.outcome() == Outcome(Status.KILLED, "parent died")


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_progress_is_shown_while_the_child_works(start: Start, stop: Stop) -> None:
    shown: list[Progress | None] = []

    def show(progress: Progress | None) -> None:
        shown.append(progress)
        stop_when_shown(stop)(progress)

    start("slow", progress=show)
    first = next(progress for progress in shown if progress is not None)
    assert (first.phase, first.epoch, first.steps, first.target_tokens_per_second) == ("training", 1, 5, 5400.0)


def test_the_child_is_pinned_to_as_many_cores_as_it_has_threads(start: Start, folder: RunFolder) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs two cores to leave one out")
    start("finish", threads=1)
    (cores,) = [note for note in folder.result.required().notes if note.startswith("cores")]
    assert len(cores.split(",")) == 1
