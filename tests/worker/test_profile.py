"""`task=profile` in rounds."""

import time
from collections.abc import Callable
from pathlib import Path

from attnbench.measurement.disturbance import counting
from attnbench.records import ExitCode, Outcome, RunFolder, Status
from tests.worker.conftest import run, start


def test_a_profile_is_done_in_rounds_and_pooled(prepare: Callable[..., RunFolder], tmp_path: Path) -> None:
    folder = prepare(
        tmp_path,
        "attention=bahdanau",
        "task=profile",
        "profile.rounds=2",
        "profile.steps=3",
        "profile.vocabulary_size=11",
        "profile.batch_size=2",
    )
    assert run(folder) == ExitCode.AGAIN, folder.log.path.read_text()
    assert not folder.result.exists()
    assert run(folder) == ExitCode.FINISHED, folder.log.path.read_text()
    rounds = folder.rounds.required()
    assert [len(windows) for entry in rounds for windows in (entry.training, entry.decoding)] == [3, 3, 3, 3]
    metrics = folder.result.required().metrics
    assert metrics["speed/timed_steps"] == metrics["speed/timed_decodings"] == 6
    windows = counting([window for entry in rounds for window in entry.training])
    seconds = sum(window.seconds for window in windows)
    # Two sentences of eight tokens in each step.
    assert abs(metrics["speed/train_target_tokens_per_second"] * seconds - len(windows) * 2 * 8) < 1e-6
    decoding = sum(window.seconds for entry in rounds for window in entry.decoding)
    assert abs(metrics["speed/decode_seconds_per_sentence"] - decoding / (6 * 2)) < 1e-9
    assert metrics["speed/compile_seconds"] > 0
    assert metrics["memory/process_peak_bytes"] > 0
    assert folder.outcome() == Outcome(Status.FINISHED)


def test_a_profile_of_one_sentence_a_batch_finishes(prepare: Callable[..., RunFolder], tmp_path: Path) -> None:
    options = ("profile.rounds=1", "profile.steps=2", "profile.vocabulary_size=11", "profile.batch_size=1")
    folder = prepare(tmp_path, "attention=dot", "task=profile", *options)
    assert run(folder) == ExitCode.FINISHED, folder.log.path.read_text()
    assert folder.result.required().metrics["speed/timed_decodings"] == 2


def test_a_profile_that_is_asked_to_stop_ends_between_two_steps(
    prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    endless = ("profile.steps=1000000", "profile.seconds=1000", "profile.vocabulary_size=11", "profile.batch_size=2")
    folder = prepare(tmp_path, "attention=dot", "task=profile", *endless)
    child = start(folder)
    while child.poll() is None and not folder.progress.exists():
        time.sleep(0.02)
    child.terminate()
    assert child.wait(timeout=100) == ExitCode.KILLED, folder.log.path.read_text()
    assert child.stdin is not None
    child.stdin.close()
    assert folder.outcome() == Outcome(Status.KILLED, "signal SIGTERM")
    assert not folder.rounds.exists()
