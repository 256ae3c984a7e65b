"""Checkpoints come back as they were, or say that they cannot."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

from attnbench.records import Window
from attnbench.training import checkpoint
from attnbench.training.checkpoint import TrainingState


def _variables() -> dict[str, list[keras.Variable]]:
    return {
        "model": [keras.Variable(np.arange(6.0).reshape(2, 3), name="kernel")],
        "optimizer": [keras.Variable(5, dtype="int64", name="iteration")],
    }


def test_weights_and_state_come_back(tmp_path: Path) -> None:
    path, variables = tmp_path / "last.npz", _variables()
    state = TrainingState(step=7, epoch=2, position=3, loss_sum=0.1, windows=[Window(1.5, 20, 300)], peaks={"a": 5.0})
    checkpoint.save(path, variables, state)
    variables["model"][0].assign(np.zeros((2, 3)))
    variables["optimizer"][0].assign(0)
    found = checkpoint.load(path, variables)
    assert found == state
    np.testing.assert_array_equal(np.asarray(variables["model"][0].value), np.arange(6.0).reshape(2, 3))
    assert int(variables["optimizer"][0].value) == 5
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_damaged_checkpoint_is_reported(tmp_path: Path, damage: str) -> None:
    path, variables = tmp_path / "last.npz", _variables()
    checkpoint.save(path, variables, TrainingState())
    content = bytearray(path.read_bytes())
    if damage == "changed":
        content[content.index(np.asarray(variables["model"][0].value)[1, 2].tobytes())] ^= 0xFF
    path.write_bytes(content[: len(content) // 2] if damage == "cut" else content)
    message = "The checkpoint last.npz is damaged. Restart this run with rerun=all."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        checkpoint.load(path, variables)


def test_a_checkpoint_of_another_model_is_reported(tmp_path: Path) -> None:
    path, variables = tmp_path / "last.npz", _variables()
    checkpoint.save(path, variables)
    variables["model"] = [keras.Variable(np.zeros((3, 2)), name="kernel")]
    message = (
        f"The checkpoint last.npz does not fit this model: model/0000/{variables['model'][0].path} is missing or has "
        "another shape. Restart this run with rerun=all."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        checkpoint.load(path, variables)
