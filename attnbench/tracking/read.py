"""Runs read back from an MLflow store, as plain records."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from attnbench.checks import suggestion
from attnbench.metrics import HISTORIES
from attnbench.records import RunFolder, Status
from attnbench.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_ARTIFACTS = tuple(file.name for file in RunFolder.files() if file.reported)


@dataclass(frozen=True, eq=False)
class TrackedRun:
    """One run of a store.

    Attributes:
        name: of its run folder.
        status: FINISHED, FAILED, KILLED or RUNNING.
        params: as strings.
        tags: signature, study, status_reason, commit and the like.
        metrics: the last value of each key.
        histories: `(step, value)` of each history, one a step, in their order.
        artifacts: local path of each file that the report reads; those of a server are downloaded.
    """

    name: str
    status: Status
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, float]
    histories: dict[str, list[tuple[int, float]]]
    artifacts: dict[str, Path]


def read_runs(uri: str, study: str | None = None) -> list[TrackedRun]:
    """The newest run of each signature in `study`, or in the study of the newest run; the newest first.

    Raises:
        StoreError: the store does not answer.
        ValueError: there is no such study.
    """
    store = Store(uri, warn=lambda text: None)
    with store.client(insist=True) as client:
        newest: dict[str, Run] = {}
        for run in _search(client, _experiments(client, study)):
            if "signature" in run.data.tags:
                newest.setdefault(run.data.tags["signature"], run)
        runs = list(newest.values())
        return [_record(client, run) for run in runs if run.info.experiment_id == runs[0].info.experiment_id]


def _experiments(client: "MlflowClient", study: str | None) -> list[str]:
    ids = {experiment.name: experiment.experiment_id for experiment in client.search_experiments()}
    if study is None:
        return list(ids.values())
    if study not in ids:
        names = sorted(name for name in ids if name != "Default")
        known = ", ".join(names)
        raise ValueError(f"Unknown study {study!r} in the MLflow store. Known: {known}.{suggestion(study, names)}")
    return [ids[study]]


def _search(client: "MlflowClient", experiments: list[str]) -> Iterator["Run"]:
    """Every run, the newest first."""
    token = None
    while True:
        page = client.search_runs(experiments, order_by=["attributes.start_time DESC"], page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _record(client: "MlflowClient", run: "Run") -> TrackedRun:
    run_id = run.info.run_id
    available = {file.path for file in client.list_artifacts(run_id)}
    return TrackedRun(
        name=run.info.run_name,
        status=Status(run.info.status),
        params=dict(run.data.params),
        tags=dict(run.data.tags),
        metrics=dict(run.data.metrics),
        histories={key: _history(client, run_id, key) for key in HISTORIES if key in run.data.metrics},
        artifacts={name: Path(client.download_artifacts(run_id, name)) for name in _ARTIFACTS if name in available},
    )


def _history(client: "MlflowClient", run_id: str, key: str) -> list[tuple[int, float]]:
    """The first value of each step: a final value, logged once more at the last step, is not part of a history."""
    values: dict[int, float] = {}
    for point in sorted(client.get_metric_history(run_id, key), key=lambda point: (point.step, point.timestamp)):
        values.setdefault(point.step, point.value)
    return list(values.items())
