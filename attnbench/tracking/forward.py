"""From a run folder to MLflow: every event once, whether the run is at work, was killed, or ended long ago.

A run is one MLflow run in the experiment of every study that it belongs to. What has been sent is remembered in the
folder's tracking.json, by study and store, so that steps which a resumed run repeats are not sent again. A run that the
store has and the folder does not remember is found by its signature and start.
"""

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnbench.config import FACTORS, parameters
from attnbench.records import Artifact, DamagedError, MetricsEvent, RunFolder, RunIdentity, Sent, Status, wait_for
from attnbench.records.events import read_events
from attnbench.records.status import ENDED
from attnbench.tracking.address import public, sqlite_file
from attnbench.tracking.store import Store, StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_MODEL_TRAINING = {"mlflow.experimentKind": "custom_model_development"}  # the UI's view of runs, not the one of traces
_NOT_A_FILE = (errno.EISDIR, errno.ELOOP)  # a folder or a link stands in a file's place
_BATCH_LIMITS = {"metrics": 1000, "params": 100, "tags": 100}  # MLflow's own


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
        self._requested_study = study
        self._introduced = False

    def forward(self, *, finalize: bool, insist: bool = False) -> str | None:
        """Sends what has not been sent; returns MLflow's run id, None where the run has not begun.

        Args:
            finalize: whether nobody works on the run any more: its artifacts and final metrics go too, and it is ended.
            insist: ask the store even if it did not answer a moment ago.

        Raises:
            StoreError: the store does not answer, or what it has cannot be remembered; the next call sends the rest.
            DamagedError: a file of the run cannot be used.
        """
        if not self._folder.events.exists():
            return None
        with self._own_disk(), wait_for(self._folder.sending.path):
            sent = self.sent()
            if sent is not None and self._introduced and not self._anything_new(sent, finalize):
                return sent.run_id
            with self._store.client(insist=insist) as client:
                if sent is None or not self._introduced:
                    sent = self._introduce(client, sent)
                if sent is None:
                    return None
                self._send_events(client, sent)
                if finalize and self._folder.finished():
                    sent.status, sent.reason = Status.FINISHED, ""
                if finalize and sent.status in ENDED and sent.finalized != sent.status:
                    self._finalize(client, sent)
                return sent.run_id

    def sent(self) -> Sent | None:
        """What the folder remembers to have sent here; None where that is nothing."""
        return self._remembered().get(self._key)

    def _anything_new(self, sent: Sent, finalize: bool) -> bool:
        ended = finalize and sent.finalized != sent.status
        return ended or self._folder.events.path.stat().st_size != sent.event_bytes

    @property
    def _study(self) -> str:
        return self._requested_study or self._folder.config.required().study

    @property
    def _key(self) -> str:
        return f"{self._study} at {public(self._store.uri)}"

    def _remembered(self) -> dict[str, Sent]:
        """The content of tracking.json; nothing where it is damaged, so that all is sent again."""
        with suppress(DamagedError):
            return self._folder.tracking.read() or {}
        return {}

    def _remember(self, sent: Sent) -> None:
        with self._own_disk():
            self._folder.tracking.write(self._remembered() | {self._key: sent})

    @contextmanager
    def _own_disk(self) -> Iterator[None]:
        """Makes an OSError of the body, which uses the run's own files, one that does not blame the store."""
        try:
            yield
        except OSError as error:
            if error.errno in _NOT_A_FILE:
                raise DamagedError.of(Path(error.filename2 or error.filename), error) from error
            reason = f"{self._folder.path} cannot be read or written: {error.strerror}"
            self._store.warn(f"Not all is sent to MLflow: {reason}. Send it later with: python -m attnbench task=sync")
            raise StoreError(reason) from error

    def _introduce(self, client: "MlflowClient", sent: Sent | None) -> Sent | None:
        """Makes sure that the store has the run, with its params; None where the run has not begun."""
        from mlflow.entities import Param

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
        values["tracking.uri"] = public(values["tracking.uri"])
        # Only the params that the run lacks: MLflow lets none change.
        missing = [Param(key, str(value)) for key, value in values.items() if key not in run.data.params]
        _log(client, sent.run_id, "params", missing)
        self._introduced = True
        return sent

    def _find_or_create(self, client: "MlflowClient", values: Mapping[str, Any], start_milliseconds: int) -> "Run":
        identity = self._folder.facts.required()
        experiment = _experiment(client, values["study"], self._store.uri)
        same = f"tags.signature = '{identity.signature}' and attributes.start_time = {start_milliseconds}"
        for run in client.search_runs([experiment], same, max_results=1):
            return run
        return client.create_run(experiment, start_milliseconds, _tags(values, identity), self._folder.path.name)

    def _send_events(self, client: "MlflowClient", sent: Sent) -> None:
        """Sends new statuses, and the points beyond the last step sent of each key."""
        from mlflow.entities import Metric

        with self._own_disk():
            events, end = read_events(self._folder.events.path, sent.event_bytes)
        if not events:
            return
        metrics: list[Metric] = []
        for event in events:
            if isinstance(event, MetricsEvent):
                keys = [key for key in event.values if event.step > sent.steps.get(key, -1)]
                sent.steps.update(dict.fromkeys(keys, event.step))
                metrics += [Metric(key, event.values[key], round(1000 * event.time), event.step) for key in keys]
                continue
            sent.status, sent.reason = event.status, event.reason
            if sent.status == Status.RUNNING and sent.finalized is not None:
                client.update_run(sent.run_id, status=Status.RUNNING.value)
                sent.finalized = None
        _log(client, sent.run_id, "metrics", metrics)
        sent.event_bytes, sent.milliseconds = end, round(1000 * events[-1].time)
        self._remember(sent)

    def _finalize(self, client: "MlflowClient", sent: Sent) -> None:
        """Sends artifacts, final metrics under their own keys, the reason, and last the status."""
        from mlflow.entities import Metric, RunTag

        kinds = (Artifact.ALWAYS, Artifact.FINISHED) if sent.status == Status.FINISHED else (Artifact.ALWAYS,)
        for name in (file.name for file in RunFolder.files() if file.artifact in kinds):
            path, parent = self._folder.path / name, str(Path(name).parent)
            if path.exists() and not path.is_file():
                raise DamagedError.of(path, ValueError("it is not a file"))
            if path.exists():
                client.log_artifact(sent.run_id, str(path), None if parent == "." else parent)
        tags = {"status_reason": sent.reason}
        if sent.status == Status.FINISHED:
            result = self._folder.result.required()
            signatures = {"bleu_signature": result.bleu_signature, "chrf_signature": result.chrf_signature}
            tags |= {key: value for key, value in signatures.items() if value}
            step = max(sent.steps.values(), default=0)
            points = [Metric(key, value, sent.milliseconds + 1, step) for key, value in result.metrics.items()]
            _log(client, sent.run_id, "metrics", points)
        _log(client, sent.run_id, "tags", [RunTag(key, value) for key, value in tags.items()])
        client.set_terminated(sent.run_id, str(sent.status), end_time=sent.milliseconds)
        sent.finalized = sent.status
        self._remember(sent)


def _active(client: "MlflowClient", run_id: str) -> "Run | None":
    """The run; None where the store has none of this id or it was deleted."""
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return run if run.info.lifecycle_stage == "active" else None


def _experiment(client: "MlflowClient", study: str, uri: str) -> str:
    """The id of a study's experiment; made where there is none, with its artifacts in the folder of a sqlite store."""
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(study)
    if experiment is None:
        file = sqlite_file(uri)
        location = None if file is None else str(file.parent / "mlartifacts" / study)
        try:
            return client.create_experiment(study, artifact_location=location, tags=_MODEL_TRAINING)
        except MlflowException:
            # Another process has made it since; if not, there is none to find and the error stands.
            experiment = client.get_experiment_by_name(study)
            if experiment is None:
                raise
    if experiment.lifecycle_stage != "active":
        client.restore_experiment(experiment.experiment_id)
    return str(experiment.experiment_id)


def _tags(values: Mapping[str, Any], identity: RunIdentity) -> dict[str, str]:
    origin = identity.provenance
    tags = {key: values[key] for key in (*FACTORS, "study", "task")} | {
        "signature": identity.signature,
        "results_version": identity.results_version,
        "device": origin.device,
        "command": origin.command,
        "commit": origin.commit,
        "dirty": None if origin.dirty is None else str(origin.dirty).lower(),
        "mlflow.source.git.commit": origin.commit,
        "mlflow.source.name": "attnbench",
        "mlflow.source.type": "PROJECT",
    }
    return {key: str(value) for key, value in tags.items() if value is not None}


def _log(client: "MlflowClient", run_id: str, kind: str, items: Sequence[Any]) -> None:
    """Logs metrics, params or tags, in batches as large as MLflow takes."""
    limit = _BATCH_LIMITS[kind]
    for start in range(0, len(items), limit):
        batch: dict[str, Any] = {kind: items[start : start + limit]}
        client.log_batch(run_id, **batch)
