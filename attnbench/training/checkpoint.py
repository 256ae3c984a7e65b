"""The state of a training run, and its checkpoints: written whole or not at all, and checked when read."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from attnbench.mapping import typed
from attnbench.metrics import metric_of
from attnbench.records import Window, write_atomically

Groups = Mapping[str, Sequence[keras.Variable]]
"""Variables by group, such as `model` and `optimizer`."""


@dataclass
class TrainingState:
    """Everything but the weights that a resumed run needs; the trainer changes it in place.

    Attributes:
        step: optimiser steps done.
        epoch: epochs done.
        position: batches done in the current epoch.
        loss_sum, loss_tokens: training loss since the last logged point, nats and tokens.
        best: the best evaluation so far: the early-stopping metric, higher better, and the validation loss times -1.
        waited: evaluations since then.
        factor: see `Schedule.learning_rate`.
        ended: training is over; only testing remains.
        windows: timed windows so far.
        compile_seconds: time of compilation so far.
        peaks: largest `memory/*` values so far, bytes.
    """

    step: int = 0
    epoch: int = 0
    position: int = 0
    loss_sum: float = 0.0
    loss_tokens: float = 0.0
    best: list[float] | None = None
    waited: int = 0
    factor: float = 1.0
    ended: bool = False
    windows: list[Window] = field(default_factory=list)
    compile_seconds: float = 0.0
    peaks: dict[str, float] = field(default_factory=dict)

    def improved(self, metric: str, values: Mapping[str, float]) -> bool:
        """Takes the newest evaluation; True where it is the best so far in `metric`, or as good with a lower loss.

        While nothing is right yet BLEU stays 0, and the loss tells whether the model learns.
        """
        newest = [metric_of(metric).direction.sign * values[metric], -values["valid/loss"]]
        better = self.best is None or newest > self.best
        self.best, self.waited = (newest, 0) if better else (self.best, self.waited + 1)
        return better


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
        ValueError: the file is damaged, or was written for other weights.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes())) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"The checkpoint {path.name} is damaged. Restart this run with rerun=all.") from error
    for name, variable in _named(groups).items():
        if name not in arrays or arrays[name].shape != tuple(variable.shape):
            raise ValueError(
                f"The checkpoint {path.name} does not fit this model: {name} is missing or has another shape. "
                "Restart this run with rerun=all."
            )
        variable.assign(arrays[name])
    if "state" not in arrays:
        return None
    state = TrainingState(**json.loads(arrays["state"].tobytes()))
    state.windows = typed(list[Window], state.windows, "windows")
    return state


def _named(groups: Groups) -> dict[str, keras.Variable]:
    return {
        f"{group}/{index:04d}/{variable.path}": variable
        for group, variables in groups.items()
        for index, variable in enumerate(variables)
    }
