"""`task=profile` in rounds."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from attnbench.results import RunFolder
from tests.worker.conftest import result, run, start


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
    assert run(folder) == 5, folder.log.read_text()
    assert not folder.result.exists()
    assert run(folder) == 0, folder.log.read_text()
    rounds = json.loads((folder.path / "rounds.json").read_text())
    assert [len(entry[part]) for entry in rounds for part in ("training", "decoding")] == [3, 3, 3, 3]
    metrics = result(folder)["metrics"]
    assert metrics["speed/timed_steps"] == metrics["speed/timed_decodings"] == 6
    seconds = sum(window[0] for entry in rounds for window in entry["training"])
    # Two sentences of eight tokens in each of six steps.
    assert abs(metrics["speed/train_target_tokens_per_second"] * seconds - 6 * 2 * 8) < 1e-6
    assert metrics["speed/compile_seconds"] > 0
    assert metrics["memory/process_peak_bytes"] > 0
    assert folder.status() == ("FINISHED", "")


def test_a_profile_of_one_sentence_a_batch_finishes(prepare: Callable[..., RunFolder], tmp_path: Path) -> None:
    options = ("profile.rounds=1", "profile.steps=2", "profile.vocabulary_size=11", "profile.batch_size=1")
    folder = prepare(tmp_path, "attention=dot", "task=profile", *options)
    assert run(folder) == 0, folder.log.read_text()
    assert result(folder)["metrics"]["speed/timed_decodings"] == 2


def test_a_profile_that_is_asked_to_stop_ends_between_two_steps(
    prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    endless = ("profile.steps=1000000", "profile.seconds=1000", "profile.vocabulary_size=11", "profile.batch_size=2")
    folder = prepare(tmp_path, "attention=dot", "task=profile", *endless)
    child = start(folder)
    while child.poll() is None and not folder.progress.exists():
        time.sleep(0.02)
    child.terminate()
    assert child.wait(timeout=100) == 3, folder.log.read_text()
    assert child.stdin is not None
    child.stdin.close()
    assert folder.status() == ("KILLED", "signal SIGTERM")
    assert not (folder.path / "rounds.json").exists()
