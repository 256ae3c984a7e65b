"""Runs read from a store that has not been told all of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from attnbench.records import RunFolder, Status
from attnbench.report.sources.store import read_store
from attnbench.tracking import Forwarder, Store, StoreError
from tests.report.synthetic import write_run


def test_a_run_without_params_is_known_by_its_tags(
    compose: Callable[..., dict[str, Any]], store_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise OSError("lost")

    folder = RunFolder(
        write_run(tmp_path / "runs", compose("attention=dot", "study=small", "seed=7"), status=Status.RUNNING)
    )
    monkeypatch.setattr(MlflowClient, "log_batch", lost)
    with pytest.raises(StoreError, match=r"^lost$"):
        Forwarder(folder, Store(store_uri, warn=lambda _: None)).forward(finalize=False)
    (run,) = read_store(store_uri).runs
    assert (run.status, run.seed, run.params["attention"], run.params["task"]) == (Status.RUNNING, 7, "dot", "train")
