"""Run folders as a child leaves them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from attnbench.config import RunConfig
from attnbench.records import RunFolder
from tests import made


@pytest.fixture
def make_folder(tmp_path: Path, default_config: RunConfig) -> Callable[..., RunFolder]:
    """Makes a run folder whose child has just begun: `make_folder("dot", signature=..., seed=2)`."""

    def begun(name: str = "run", *, signature: str = made.SIGNATURE, **options: Any) -> RunFolder:
        config = replace(default_config, **{"study": "length", **options})
        return made.begin(RunFolder(tmp_path / "runs" / name), config, made.identity(signature))

    return begun


def finish(folder: RunFolder, **metrics: float) -> None:
    """Makes `folder` that of a finished run: `finish(folder, **{"test/bleu": 43.0})`."""
    folder.predictions.path.write_text("a b c\n")
    folder.log.path.write_text("epoch 1\n")
    folder.best_checkpoint.path.parent.mkdir()
    folder.best_checkpoint.path.write_bytes(b"weights")
    made.finish(folder, metrics)


def runs_of(client: MlflowClient, study: str) -> list[Run]:
    """The runs of a study's experiment."""
    experiment = client.get_experiment_by_name(study)
    return [] if experiment is None else list(client.search_runs([experiment.experiment_id]))
