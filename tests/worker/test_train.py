"""A whole run: what it leaves behind, how it is stopped and gone on with, how it fails."""

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnbench.metrics import METRICS
from attnbench.results import RunFolder, write_json
from tests.worker.conftest import result, run, start


def _key_is_known(key: str) -> bool:
    known = {metric.key for metric in METRICS}
    return key in known or key.rsplit("_", 2)[0] in ("length/bleu", "length/sentences") or "bleu_beam_" in key


def _equal_keys(folder: RunFolder) -> dict[str, float]:
    """What must be equal in two runs of one configuration."""
    metrics = result(folder)["metrics"]
    return {key: value for key, value in metrics.items() if not key.startswith(("speed/", "memory/"))}


def _histories(folder: RunFolder) -> dict[tuple[str, int], float]:
    points: dict[tuple[str, int], float] = {}
    for event in folder.read_events():
        if event["type"] == "metrics":
            for key, value in event["values"].items():
                assert (key, event["step"]) not in points, "a point was written twice"
                points[key, event["step"]] = value
    return points


def test_a_run_writes_all_that_it_promises(finished: RunFolder) -> None:
    found = result(finished)
    assert (found["status"], found["task"], found["signature"], found["device"]) == ("FINISHED", "train", "5e", "a CPU")
    assert found["vocabularies"] == {"source": 4 + 5, "target": 4 + 5}
    assert all(_key_is_known(key) for key in found["metrics"])
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
        "data/train_pairs",
    } <= set(found["metrics"])
    assert found["metrics"]["test/bleu"] == found["metrics"]["test/bleu_beam_1"]
    assert found["metrics"]["data/train_pairs"] == 320
    assert finished.status() == ("FINISHED", "")
    assert len(finished.predictions.read_text().splitlines()) == 64
    with finished.sentences.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["sentence"] for row in rows] == [str(number) for number in range(64)]
    assert {key for key, _ in _histories(finished)} == {"train/loss", "valid/loss", "valid/bleu"}
    for attention_map in json.loads(finished.maps.read_text()):
        assert np.shape(attention_map["weights"]) == (len(attention_map["target"]), len(attention_map["source"]))


def test_a_run_stopped_in_the_middle_goes_on_to_the_same_result(
    finished: RunFolder, prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = prepare(tmp_path, "attention=bahdanau", "training.checkpoint_seconds=0.001")
    child = start(folder)
    while child.poll() is None and not _histories(folder):
        time.sleep(0.02)
    child.terminate()
    assert child.wait(timeout=60) == 3, folder.log.read_text()
    assert child.stdin is not None
    child.stdin.close()
    assert folder.status() == ("KILLED", "signal SIGTERM")
    assert (folder.checkpoints / "last.npz").exists()
    assert not folder.result.exists()
    assert run(folder) == 0, folder.log.read_text()
    assert _equal_keys(folder) == _equal_keys(finished)
    assert folder.predictions.read_bytes() == finished.predictions.read_bytes()
    assert folder.sentences.read_bytes() == finished.sentences.read_bytes()
    assert _histories(folder) == _histories(finished)
    with np.load(folder.checkpoints / "best.npz") as x, np.load(finished.checkpoints / "best.npz") as y:
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
    assert child.wait(timeout=60) == 3, folder.log.read_text()
    assert folder.status() == ("KILLED", "parent died")
    assert (folder.checkpoints / "last.npz").exists()


def test_a_run_that_another_process_holds_is_left_alone(prepare: Callable[..., RunFolder], tmp_path: Path) -> None:
    folder = prepare(tmp_path, "attention=dot")
    assert folder.lock() is not None
    assert run(folder) == 4
    assert not folder.events.exists()


def test_a_run_that_another_process_has_finished_is_left_alone(
    prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = prepare(tmp_path, "attention=dot")
    write_json(folder.result, {"status": "FINISHED"})
    assert run(folder) == 6
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
            ["attention.target=my_missing_module.Mine"],
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
def test_a_failed_run_says_why(
    overrides: list[str], damage: bool, reason: str, prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = prepare(tmp_path, "attention=dot", *overrides)
    if damage:
        folder.checkpoints.mkdir()
        (folder.checkpoints / "last.npz").write_text("PK no zip")
    assert run(folder) == 1
    assert folder.status() == ("FAILED", reason)
    assert not folder.result.exists()
