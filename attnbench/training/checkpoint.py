"""Checkpoints: written whole or not at all, and checked when read."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from attnbench.measurement import Window
from attnbench.records import write_atomically
from attnbench.training.state import TrainingState

Groups = Mapping[str, Sequence[keras.Variable]]
"""Variables by group, such as `model` and `optimizer`."""


class CheckpointError(ValueError):
    """A checkpoint cannot be read or does not fit."""


def save(path: Path, groups: Groups, state: TrainingState | None = None) -> None:
    """Writes `groups`, each variable under its group, index and path, as one npz file; `state` as well where given."""
    arrays: dict[str, Any] = {name: np.asarray(variable.value) for name, variable in _named(groups).items()}
    if state is not None:
        arrays["state"] = np.frombuffer(json.dumps(asdict(state)).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_atomically(path, buffer.getvalue())


def load(path: Path, groups: Groups) -> TrainingState | None:
    """Reads a checkpoint into the variables of `groups`; returns its state of training, None where it has only weights.

    Raises:
        CheckpointError: the file is damaged, or was written for other weights.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes())) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"The checkpoint {path.name} is damaged. Restart this run with rerun=all.") from error
    for name, variable in _named(groups).items():
        if name not in arrays or arrays[name].shape != tuple(variable.shape):
            raise CheckpointError(
                f"The checkpoint {path.name} does not fit this model: {name} is missing or has another shape. "
                "Restart this run with rerun=all."
            )
        variable.assign(arrays[name])
    if "state" not in arrays:
        return None
    state = TrainingState(**json.loads(arrays["state"].tobytes()))
    state.windows = [Window(*window) for window in state.windows]
    return state


def _named(groups: Groups) -> dict[str, keras.Variable]:
    return {
        f"{group}/{index:04d}/{variable.path}": variable
        for group, variables in groups.items()
        for index, variable in enumerate(variables)
    }
