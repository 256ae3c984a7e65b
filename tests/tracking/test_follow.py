"""Events reach the store while the run is at work."""

import time
from collections.abc import Callable

import pytest
from mlflow import MlflowClient

from attnbench.records import RunFolder
from attnbench.tracking import Store, following
from tests.tracking.conftest import finish, runs_of


def wait_for(condition: Callable[[], object]) -> None:
    """Returns when `condition` holds, or after 20 seconds."""
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def metrics_of(client: MlflowClient) -> dict[str, float]:
    """Those of the first run, if there is one yet."""
    return {key: value for run in runs_of(client, "length")[:1] for key, value in run.data.metrics.items()}


def test_events_arrive_during_the_run_and_the_rest_when_it_ends(
    make_folder: Callable[..., RunFolder], store_uri: str
) -> None:
    folder, store = make_folder(), Store(store_uri, warn=pytest.fail)
    with store.client() as client:
        with following(folder, store, system_metrics=False):
            wait_for(lambda: runs_of(client, "length"))
            finish(folder, **{"test/bleu": 43.0})
        (run,) = runs_of(client, "length")
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"test/bleu": 43.0})


def test_system_metrics_are_logged_on_request(make_folder: Callable[..., RunFolder], store_uri: str) -> None:
    store = Store(store_uri, warn=pytest.fail)
    key = "system/cpu_utilization_percentage"
    with store.client() as client, following(make_folder(), store, system_metrics=True, system_seconds=0.1):
        wait_for(lambda: key in metrics_of(client))
        assert key in metrics_of(client)


def test_a_store_that_does_not_answer_does_not_stop_the_run(make_folder: Callable[..., RunFolder]) -> None:
    warnings: list[str] = []
    with following(make_folder(), Store("http://127.0.0.1:9", warn=warnings.append), system_metrics=True):
        wait_for(lambda: warnings)
    assert len(warnings) == 1
