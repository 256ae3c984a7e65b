"""Events reach the store while the run is at work."""

import time
from collections.abc import Callable

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from attnbench.results import RunFolder
from attnbench.tracking import Store, following


def runs_of(client: MlflowClient, study: str) -> list[Run]:
    experiment = client.get_experiment_by_name(study)
    return [] if experiment is None else list(client.search_runs([experiment.experiment_id]))


def test_events_arrive_during_the_run_and_the_rest_when_it_ends(
    make_folder: Callable[..., RunFolder], finish: Callable[..., None], store_uri: str
) -> None:
    folder, store = make_folder(), Store(store_uri, warn=pytest.fail)
    with store.client() as client:
        with following(folder, store, system_metrics=False):
            deadline = time.monotonic() + 20
            while not runs_of(client, "length") and time.monotonic() < deadline:
                time.sleep(0.05)
            finish(folder, **{"test/bleu": 43.0})
        (run,) = runs_of(client, "length")
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"test/bleu": 43.0})


def test_system_metrics_are_logged_where_they_are_wanted(
    make_folder: Callable[..., RunFolder], store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attnbench.tracking.follow._SYSTEM_SECONDS", 0.1)
    folder, store = make_folder(), Store(store_uri, warn=pytest.fail)
    with store.client() as client, following(folder, store, system_metrics=True):
        time.sleep(2.5)
        (run,) = runs_of(client, "length")
    assert "system/cpu_utilization_percentage" in client.get_run(run.info.run_id).data.metrics


def test_a_store_that_is_away_does_not_stop_the_run(make_folder: Callable[..., RunFolder]) -> None:
    warnings: list[str] = []
    with following(make_folder(), Store("http://127.0.0.1:9", warn=warnings.append), system_metrics=True):
        time.sleep(1.2)
    assert len(warnings) == 1
