"""Checkpoints: written whole or not at all, and checked when read."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from attnbench.records import write_atomically
from attnbench.training.state import TrainingState


class CheckpointError(ValueError):
    """A checkpoint cannot be read or does not fit."""


def save(path: Path, variables: Mapping[str, Sequence[Any]], state: TrainingState | None = None) -> None:
    """Writes groups of variables, and the state of training, as one npz file.

    Args:
        path: the file.
        variables: by group, such as `model` and `optimizer`; stored in order, with their paths.
        state: None for weights alone.
    """
    arrays: dict[str, Any] = {
        f"{group}/{place:04d}/{variable.path}": np.asarray(variable.value)
        for group, members in variables.items()
        for place, variable in enumerate(members)
    }
    if state is not None:
        arrays["state"] = np.frombuffer(json.dumps(asdict(state)).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_atomically(path, buffer.getvalue())


def load(path: Path, variables: Mapping[str, Sequence[Any]]) -> TrainingState | None:
    """Reads a checkpoint into `variables`; returns its state of training, None where it has weights alone.

    Raises:
        CheckpointError: the file is damaged, or was written for other weights.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes())) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(
            f"The checkpoint {path.name} is damaged. Start this run afresh with rerun=all."
        ) from error
    for group, members in variables.items():
        names = [f"{group}/{place:04d}/{variable.path}" for place, variable in enumerate(members)]
        for name, variable in zip(names, members, strict=True):
            if name not in arrays or arrays[name].shape != tuple(variable.shape):
                raise CheckpointError(
                    f"The checkpoint {path.name} does not fit this model: {name} is missing or has another shape. "
                    "Start this run afresh with rerun=all."
                )
            variable.assign(arrays[name])
    return TrainingState(**json.loads(arrays["state"].tobytes())) if "state" in arrays else None
