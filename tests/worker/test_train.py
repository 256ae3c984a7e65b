"""A whole run: what it leaves behind, how it is stopped and resumed, how it fails."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnbench.config import RESULTS_VERSION
from attnbench.metrics import METRICS
from attnbench.records import ExitCode, Outcome, RunFolder, Status, read_sentences
from attnbench.records.sentences import ALIGNED, SCORED
from tests import made
from tests.conftest import CHECKOUT
from tests.worker.conftest import run, start


def _key_is_known(key: str) -> bool:
    known = {metric.key for metric in METRICS}
    return key in known or key.rsplit("_", 2)[0] in ("length/bleu", "length/sentences") or "bleu_beam_" in key


def _equal_keys(folder: RunFolder) -> dict[str, float]:
    """What must be equal in two runs of one configuration."""
    metrics = folder.result.required().metrics
    return {key: value for key, value in metrics.items() if not key.startswith(("speed/", "memory/"))}


def _histories(folder: RunFolder) -> dict[tuple[str, int], float]:
    points: dict[tuple[str, int], float] = {}
    for event in made.points(folder):
        for key, value in event.values.items():
            assert (key, event.step) not in points, "a point was written twice"
            points[key, event.step] = value
    return points


def test_a_run_writes_all_that_it_promises(finished: RunFolder) -> None:
    result = finished.result.required()
    assert (result.status, result.task, result.signature) == (Status.FINISHED, "train", made.SIGNATURE)
    assert result.results_version == RESULTS_VERSION
    assert result.vocabularies == {"source": 4 + 5, "target": 4 + 5}
    assert all(_key_is_known(key) for key in result.metrics)
    assert {
        "test/bleu",
        "test/chrf",
        "test/bleu_beam_1",
        "test/bleu_beam_2",
        "test/perplexity",
        "align/aer",
        "align/entropy",
        "model/parameters",
        "memory/process_peak_bytes",
        "speed/decode_target_tokens_per_second",
        "speed/decode_seconds_per_sentence",
        "test/token_accuracy",
        "test/repeated_4grams",
        "length/exact_match_within",
        "align/aer_within",
        "data/train_pairs",
    } <= set(result.metrics)
    assert result.metrics["test/bleu"] == result.metrics["test/bleu_beam_1"]
    assert result.metrics["data/train_pairs"] == 320
    assert finished.outcome() == Outcome(Status.FINISHED)
    assert len(finished.predictions.path.read_text().splitlines()) == 64
    sentences = read_sentences(finished.sentences.path)
    assert sentences.keys() == {*SCORED, "repeated_4grams", "unfinished", "exact_match", "correct_tokens"}
    assert {len(numbers) for numbers in sentences.values()} == {64}
    assert sum(sentences["exact_match"]) / 64 == result.metrics["test/exact_match"]
    aligned = read_sentences(finished.alignments.path, ALIGNED)
    assert 1 - sum(aligned["agreements"]) / sum(aligned["links"]) == pytest.approx(result.metrics["align/aer"])
    assert re.fullmatch(r"[0-9a-f]{64}", result.test_digest)
    assert {key for key, _ in _histories(finished)} == {"train/loss", "valid/loss", "valid/bleu"}
    for attention_map in finished.maps.required():
        assert attention_map.source[-1] == "</s>"
        assert np.shape(attention_map.weights) == (len(attention_map.target), len(attention_map.source))
        assert np.sum(attention_map.weights, axis=1) == pytest.approx(1, abs=1e-3)


def test_constant_weights_align_nothing(prepare: Callable[..., RunFolder], tmp_path: Path) -> None:
    folder = prepare(tmp_path, "attention=none_input", "training.epochs=1", "evaluation.beam_sizes=[1]")
    assert run(folder) == ExitCode.FINISHED, folder.log.path.read_text()
    metrics = folder.result.required().metrics
    # two weights of one half each, the second of them on EOS: one bit
    assert metrics["align/entropy"] == pytest.approx(1)
    assert not {"align/aer", "align/aer_within"} & metrics.keys()
    assert not folder.alignments.exists()


def test_the_files_of_a_finished_run_are_those_of_the_list(finished: RunFolder) -> None:
    listed = {file.name for file in RunFolder.files()}
    written = {str(path.relative_to(finished.path)) for path in finished.path.rglob("*") if path.is_file()}
    of_a_profile = {RunFolder.rounds.name, RunFolder.forecast.name}
    of_the_sender = {RunFolder.tracking.name, RunFolder.sending.name}
    assert listed - written == of_a_profile | of_the_sender
    assert written <= listed


def test_a_run_stopped_in_the_middle_resumes_to_the_same_result(
    finished: RunFolder, prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = prepare(tmp_path, "attention=bahdanau", "training.checkpoint_seconds=0.001")
    child = start(folder)
    while child.poll() is None and not _histories(folder):
        time.sleep(0.02)
    child.terminate()
    assert child.wait(timeout=60) == ExitCode.KILLED, folder.log.path.read_text()
    assert child.stdin is not None
    child.stdin.close()
    assert folder.outcome() == Outcome(Status.KILLED, "signal SIGTERM")
    assert folder.last_checkpoint.exists()
    assert not folder.result.exists()
    assert run(folder) == ExitCode.FINISHED, folder.log.path.read_text()
    assert _equal_keys(folder) == _equal_keys(finished)
    assert folder.predictions.path.read_bytes() == finished.predictions.path.read_bytes()
    assert folder.sentences.path.read_bytes() == finished.sentences.path.read_bytes()
    assert _histories(folder) == _histories(finished)
    with np.load(folder.best_checkpoint.path) as x, np.load(finished.best_checkpoint.path) as y:
        assert x.files == y.files
        assert all((x[name] == y[name]).all() for name in x.files)


def test_a_run_whose_parent_died_stops_and_keeps_its_checkpoint(
    prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = prepare(tmp_path, "attention=dot", "training.epochs=5000")
    child = start(folder)
    while child.poll() is None and not _histories(folder):
        time.sleep(0.02)
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(timeout=60) == ExitCode.KILLED, folder.log.path.read_text()
    assert folder.outcome() == Outcome(Status.KILLED, "parent died")
    assert folder.last_checkpoint.exists()


def test_a_run_that_another_process_holds_is_left_alone(prepare: Callable[..., RunFolder], tmp_path: Path) -> None:
    folder = prepare(tmp_path, "attention=dot")
    lock = folder.lock()
    assert lock is not None
    with lock:
        assert run(folder) == ExitCode.LOCKED
    assert not folder.events.exists()


def test_a_run_that_another_process_has_finished_is_left_alone(
    prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = prepare(tmp_path, "attention=dot")
    folder.result.write(made.result())
    assert run(folder) == ExitCode.FINISHED_BEFORE
    assert not folder.events.exists()


@pytest.mark.parametrize(
    ("overrides", "damage", "reason"),
    [
        (
            ["training.optimizer=sgd", "training.learning_rate=1e38", "training.clip_norm=null"],
            False,
            "non-finite loss",
        ),
        (
            ["attention.score=null", "attention.target=my_missing_module.Mine"],
            False,
            "error: attention.target 'my_missing_module.Mine' cannot be imported: No module named 'my_missing_module'. "
            "Put the module into the working folder or install it.",
        ),
        (
            [],
            True,
            "error: The checkpoint last.npz is damaged. Restart this run with rerun=all.",
        ),
    ],
)
def test_a_failed_run_gives_its_reason(
    overrides: list[str], damage: bool, reason: str, prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = prepare(tmp_path, "attention=dot", *overrides)
    if damage:
        folder.last_checkpoint.path.parent.mkdir()
        folder.last_checkpoint.path.write_text("PK no zip")
    assert run(folder) == ExitCode.FAILED
    assert folder.outcome() == Outcome(Status.FAILED, reason)
    assert not folder.result.exists()


MODULE = """
import keras


class Strict(keras.layers.Layer):
    def call(self, query, values, mask):
        raise ValueError("Strict needs a mask of integers.\\nIt received booleans.")
"""


def test_a_failing_layer_of_the_user_gives_its_own_message(
    prepare: Callable[..., RunFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "strict_mechanism.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(CHECKOUT), str(tmp_path)]))
    folder = prepare(tmp_path / "run", "attention.score=null", "attention.target=strict_mechanism.Strict")
    assert run(folder) == ExitCode.FAILED
    assert folder.outcome() == Outcome(Status.FAILED, "error: Strict needs a mask of integers.")
    assert "Exception encountered when calling Strict.call()." in folder.log.path.read_text()
