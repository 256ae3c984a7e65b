"""From a run folder to MLflow: every event once, whether the run is at work, was killed, or ended long ago.

A run is one MLflow run in the experiment of every study that it belongs to. What has been sent is remembered in the
folder's tracking.json, by study and store: the MLflow run, how many bytes of events.jsonl went there, and the last step
of each metric, so that steps which a resumed run repeats are not sent again. A run that the store has and the folder
does not remember is found by its signature and start.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnbench.config import FACTORS, parameters
from attnbench.mapping import build
from attnbench.records import (
    Artifact,
    DamagedError,
    MetricsEvent,
    RunFolder,
    RunIdentity,
    Status,
    StatusEvent,
    wait_for,
)
from attnbench.records.events import read_events
from attnbench.records.status import ENDED
from attnbench.tracking.address import public, sqlite_file
from attnbench.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_MODEL_TRAINING = {"mlflow.experimentKind": "custom_model_development"}  # the UI's view of runs, not the one of traces
_MOST_METRICS, _MOST_OTHERS = 1000, 100


@dataclass
class Sent:
    """What one store's experiment has of a run.

    Attributes:
        run_id: MLflow's.
        event_bytes: of events.jsonl.
        steps: the last step of each metric.
        status: the last status event among those bytes; FINISHED where a result is complete.
        reason: of that status.
        milliseconds: when the last of those events was written, since 1970.
        finalized: the status with which the MLflow run was ended, with artifacts and final metrics; None before.
    """

    run_id: str
    event_bytes: int = 0
    steps: dict[str, int] = field(default_factory=dict)
    status: Status | None = None
    reason: str = ""
    milliseconds: int = 0
    finalized: Status | None = None


class Forwarder:
    """Sends one run folder to one experiment of one store.

    Args:
        folder: with config.json and facts.json.
        store: where to.
        study: whose experiment; by default that of the study which made the run last.
    """

    def __init__(self, folder: RunFolder, store: Store, study: str | None = None) -> None:
        self._folder = folder
        self._store = store
        self._asked_study = study
        self._known = False

    def forward(self, *, finalize: bool, insist: bool = False) -> str | None:
        """Sends what has not been sent; returns MLflow's run id, None where the run has not begun.

        Args:
            finalize: whether nobody works on the run any more: its artifacts and final metrics go too, and it is ended.
            insist: ask the store even if it did not answer a moment ago.

        Raises:
            StoreError: the store does not answer; what it has is remembered, the rest goes with the next call.
        """
        if not self._folder.events.exists():
            return None
        with self._sole_sender():
            sent = self._read_sent()
            if sent is not None and self._known and not self._anything_new(sent, finalize):
                return sent.run_id
            with self._store.client(insist=insist) as client:
                if sent is None or not self._known:
                    sent = self._introduce(client, sent)
                if sent is None:
                    return None
                self._send_events(client, sent)
                if finalize and self._folder.finished():
                    sent.status, sent.reason = Status.FINISHED, ""
                if finalize and sent.status in ENDED and sent.finalized != sent.status:
                    self._finalize(client, sent)
                return sent.run_id

    def complete(self) -> bool:
        """Whether this store was sent all that the folder holds, going by what the folder remembers."""
        sent = self._read_sent()
        return sent is not None and not self._anything_new(sent, finalize=True)

    def run_id(self) -> str | None:
        """MLflow's id of the run in this store, going by what the folder remembers."""
        sent = self._read_sent()
        return None if sent is None else sent.run_id

    def _anything_new(self, sent: Sent, finalize: bool) -> bool:
        ended = finalize and sent.finalized != sent.status
        return ended or self._folder.events.path.stat().st_size != sent.event_bytes

    @property
    def _study(self) -> str:
        return self._asked_study or self._folder.config.required().study

    @property
    def _key(self) -> str:
        return f"{self._study} at {public(self._store.uri)}"

    @contextmanager
    def _sole_sender(self) -> Iterator[None]:
        with wait_for(self._folder.sending.path):
            yield

    def _remembered(self) -> dict[str, Any]:
        """The content of tracking.json by store; nothing where it is damaged, so that all is sent again."""
        with suppress(DamagedError):
            return self._folder.tracking.read() or {}
        return {}

    def _read_sent(self) -> Sent | None:
        values = self._remembered().get(self._key)
        with suppress(ValueError):
            return None if values is None else build(Sent, values, "")
        return None

    def _remember(self, sent: Sent) -> None:
        self._folder.tracking.write(self._remembered() | {self._key: asdict(sent)})

    def _introduce(self, client: "MlflowClient", sent: Sent | None) -> Sent | None:
        """Sees that the store has the run, with its params; None where the run has not begun."""
        values = parameters(self._folder.config.required()) | {"study": self._study}
        run = None if sent is None else _active(client, sent.run_id)
        if run is None:
            events = self._folder.read_events()
            if not events:
                return None
            run = self._find_or_create(client, values, round(1000 * events[0].time))
        if sent is None or sent.run_id != run.info.run_id:
            sent = Sent(run.info.run_id)
            self._remember(sent)
        _log_params(client, run, values | {"tracking.uri": public(values["tracking.uri"])})
        self._known = True
        return sent

    def _find_or_create(self, client: "MlflowClient", values: Mapping[str, Any], start_milliseconds: int) -> "Run":
        identity = self._folder.facts.required()
        experiment = _experiment(client, values["study"], self._store.uri)
        same = f"tags.signature = '{identity.signature}' and attributes.start_time = {start_milliseconds}"
        for run in client.search_runs([experiment], same, max_results=1):
            return run
        return client.create_run(experiment, start_milliseconds, _tags(values, identity), self._folder.path.name)

    def _send_events(self, client: "MlflowClient", sent: Sent) -> None:
        events, end = read_events(self._folder.events.path, sent.event_bytes)
        if not events:
            return
        metrics = []
        for event in events:
            if isinstance(event, MetricsEvent):
                metrics += _new_points(event, sent.steps)
            else:
                self._send_status(client, sent, event)
        _log_metrics(client, sent, metrics)
        sent.event_bytes, sent.milliseconds = end, round(1000 * events[-1].time)
        self._remember(sent)

    def _send_status(self, client: "MlflowClient", sent: Sent, event: StatusEvent) -> None:
        sent.status, sent.reason = event.status, event.reason
        if sent.status == Status.RUNNING and sent.finalized is not None:
            client.update_run(sent.run_id, status=Status.RUNNING.value)
            sent.finalized = None

    def _finalize(self, client: "MlflowClient", sent: Sent) -> None:
        """Artifacts, final metrics under their own keys, the reason, and last the status."""
        for name in self._artifacts(sent):
            parent = str(Path(name).parent)
            client.log_artifact(sent.run_id, str(self._folder.path / name), None if parent == "." else parent)
        tags = {"status_reason": sent.reason}
        if sent.status == Status.FINISHED:
            result = self._folder.result.required()
            signatures = {"bleu_signature": result.bleu_signature, "chrf_signature": result.chrf_signature}
            tags |= {key: value for key, value in signatures.items() if value}
            step = max(sent.steps.values(), default=0)
            points = [(key, value, sent.milliseconds + 1, step) for key, value in result.metrics.items()]
            _log_metrics(client, sent, points)
        _log_tags(client, sent, tags)
        client.set_terminated(sent.run_id, str(sent.status), end_time=sent.milliseconds)
        sent.finalized = sent.status
        self._remember(sent)

    def _artifacts(self, sent: Sent) -> list[str]:
        """The files that are there of those that go to MLflow with this status."""
        kinds = (Artifact.ALWAYS, Artifact.FINISHED) if sent.status == Status.FINISHED else (Artifact.ALWAYS,)
        names = [file.name for file in RunFolder.files() if file.artifact in kinds]
        return [name for name in names if (self._folder.path / name).exists()]


def _active(client: "MlflowClient", run_id: str) -> "Run | None":
    """The run, unless the store has none of this id or it was deleted."""
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return run if run.info.lifecycle_stage == "active" else None


def _experiment(client: "MlflowClient", study: str, uri: str) -> str:
    """The experiment of a study; made where there is none, with its artifacts beside a sqlite store's file."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(study)
    if found is None:
        file = sqlite_file(uri)
        place = None if file is None else str(file.parent / "mlartifacts" / study)
        try:
            return client.create_experiment(study, artifact_location=place, tags=_MODEL_TRAINING)
        except MlflowException:
            # Another process made it in the meantime; if not, there is nothing to find and the error stands.
            found = client.get_experiment_by_name(study)
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _tags(values: Mapping[str, Any], identity: RunIdentity) -> dict[str, str]:
    origin = identity.provenance
    tags = {key: values[key] for key in (*FACTORS, "study", "task")}
    tags |= {"signature": identity.signature, "results_version": identity.results_version}
    tags |= {"device": origin.device, "command": origin.command}
    if origin.commit is not None:
        dirty = str(origin.dirty).lower()
        tags |= {"commit": origin.commit, "dirty": dirty, "mlflow.source.git.commit": origin.commit}
    tags |= {"mlflow.source.name": "attnbench", "mlflow.source.type": "PROJECT"}
    return {key: str(value) for key, value in tags.items() if value is not None}


def _new_points(event: MetricsEvent, steps: dict[str, int]) -> list[tuple[str, float, int, int]]:
    """Key, value, time in milliseconds and step of the points beyond the last step sent; moves that on."""
    keys = [key for key in event.values if event.step > steps.get(key, -1)]
    steps.update(dict.fromkeys(keys, event.step))
    return [(key, event.values[key], round(1000 * event.time), event.step) for key in keys]


def _log_metrics(client: "MlflowClient", sent: Sent, points: Sequence[tuple[str, float, int, int]]) -> None:
    from mlflow.entities import Metric

    metrics = [Metric(*point) for point in points]
    for start in range(0, len(metrics), _MOST_METRICS):
        client.log_batch(sent.run_id, metrics=metrics[start : start + _MOST_METRICS])


def _log_params(client: "MlflowClient", run: "Run", values: Mapping[str, Any]) -> None:
    """Logs the params that `run` lacks; MLflow lets none change."""
    from mlflow.entities import Param

    lacking = [Param(key, str(value)) for key, value in values.items() if key not in run.data.params]
    for start in range(0, len(lacking), _MOST_OTHERS):
        client.log_batch(run.info.run_id, params=lacking[start : start + _MOST_OTHERS])


def _log_tags(client: "MlflowClient", sent: Sent, values: Mapping[str, Any]) -> None:
    from mlflow.entities import RunTag

    client.log_batch(sent.run_id, tags=[RunTag(key, str(value)) for key, value in values.items()])
