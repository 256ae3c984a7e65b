"""From a run folder to MLflow: every event once, whether the run is at work, was killed, or ended long ago.

A run is one MLflow run in the experiment of every study that it belongs to. What has been sent is remembered in the
folder's tracking.json, by study and store: the MLflow run, how many bytes of events.jsonl went there, and the last step
of each metric, so that steps which a resumed run repeats are not sent again. A run that the store has and the folder
does not remember is found by its signature and start.
"""

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnbench.config import FACTORS, from_mapping, parameters
from attnbench.results import FAILED, FINISHED, KILLED, RUNNING, DamagedError, RunFolder, read_json, write_json
from attnbench.tracking.address import public, sqlite_file
from attnbench.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_SETTLED = (FINISHED, FAILED, KILLED)
_MODEL_TRAINING = {"mlflow.experimentKind": "custom_model_development"}  # the UI's view of runs, not the one of traces
_MOST_METRICS, _MOST_OTHERS = 1000, 100

_ARTIFACTS = (
    "config.json", "facts.json", "result.json", "sentences.csv", "predictions.txt", "maps.json", "run.log",
    "checkpoint/best.npz",
)  # fmt: skip
_ARTIFACTS_OF_UNFINISHED = ("config.json", "facts.json", "run.log")


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
        settled: the status with which the MLflow run was ended, with artifacts and final metrics; None before.
    """

    run_id: str
    event_bytes: int = 0
    steps: dict[str, int] = field(default_factory=dict)
    status: str | None = None
    reason: str = ""
    milliseconds: int = 0
    settled: str | None = None


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

    def forward(self, *, settle: bool, insist: bool = False) -> str | None:
        """Sends what has not been sent; returns MLflow's run id, None where the run has not begun.

        Args:
            settle: whether nobody works on the run any more: its artifacts and final metrics go too, and it is ended.
            insist: ask the store even if it did not answer a moment ago.

        Raises:
            StoreError: the store does not answer; what it has is remembered, the rest goes with the next call.
        """
        if not self._folder.events.exists():
            return None
        with self._sole_sender():
            sent = self._read_sent()
            if sent is not None and self._known and not self._anything_new(sent, settle):
                return sent.run_id
            with self._store.client(insist=insist) as client:
                if sent is None or not self._known:
                    sent = self._introduce(client, sent)
                if sent is None:
                    return None
                self._send_events(client, sent)
                if settle and self._folder.finished():
                    sent.status, sent.reason = FINISHED, ""
                if settle and sent.status in _SETTLED and sent.settled != sent.status:
                    self._settle(client, sent)
                return sent.run_id

    def complete(self) -> bool:
        """Whether this store was sent all that the folder holds, going by what the folder remembers."""
        sent = self._read_sent()
        return sent is not None and not self._anything_new(sent, settle=True)

    def run_id(self) -> str | None:
        """MLflow's id of the run in this store, going by what the folder remembers."""
        sent = self._read_sent()
        return None if sent is None else sent.run_id

    def _anything_new(self, sent: Sent, settle: bool) -> bool:
        ended = settle and sent.settled != sent.status
        return ended or self._folder.events.stat().st_size != sent.event_bytes

    @property
    def _study(self) -> str:
        return self._asked_study or str(read_json(self._folder.config)["study"])

    @property
    def _key(self) -> str:
        return f"{self._study} at {public(self._store.uri)}"

    @contextmanager
    def _sole_sender(self) -> Iterator[None]:
        with (self._folder.path / "tracking.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _remembered(self) -> dict[str, Any]:
        """The content of tracking.json by store; nothing where it is damaged, so that all is sent again."""
        with suppress(DamagedError):
            return read_json(self._folder.path / "tracking.json") or {}
        return {}

    def _read_sent(self) -> Sent | None:
        known = self._remembered().get(self._key)
        return None if known is None else Sent(**known)

    def _remember(self, sent: Sent) -> None:
        write_json(self._folder.path / "tracking.json", self._remembered() | {self._key: asdict(sent)})

    def _introduce(self, client: "MlflowClient", sent: Sent | None) -> Sent | None:
        """Sees that the store has the run, with its params; None where the run has not begun."""
        values = parameters(from_mapping(read_json(self._folder.config))) | {"study": self._study}
        run = None if sent is None else _active(client, sent.run_id)
        if run is None:
            begun, _ = _events_from(self._folder.events, 0)
            if not begun:
                return None
            run = self._find_or_create(client, values, round(1000 * begun[0]["time"]))
        if sent is None or sent.run_id != run.info.run_id:
            sent = Sent(run.info.run_id)
            self._remember(sent)
        _log_params(client, run, values | {"tracking.uri": public(values["tracking.uri"])})
        self._known = True
        return sent

    def _find_or_create(self, client: "MlflowClient", values: Mapping[str, Any], start_milliseconds: int) -> "Run":
        facts = read_json(self._folder.facts)
        experiment = _experiment(client, values["study"], self._store.uri)
        same = f"tags.signature = '{facts['signature']}' and attributes.start_time = {start_milliseconds}"
        for run in client.search_runs([experiment], same, max_results=1):
            return run
        return client.create_run(experiment, start_milliseconds, _tags(values, facts), self._folder.path.name)

    def _send_events(self, client: "MlflowClient", sent: Sent) -> None:
        events, end = _events_from(self._folder.events, sent.event_bytes)
        if not events:
            return
        metrics = []
        for event in events:
            if event["type"] == "metrics":
                metrics += _new_points(event, sent.steps)
            elif event["type"] == "status":
                self._send_status(client, sent, event)
        _log_metrics(client, sent, metrics)
        sent.event_bytes, sent.milliseconds = end, round(1000 * events[-1]["time"])
        self._remember(sent)

    def _send_status(self, client: "MlflowClient", sent: Sent, event: Mapping[str, Any]) -> None:
        sent.status, sent.reason = event["status"], event.get("reason", "")
        if sent.status == RUNNING and sent.settled is not None:
            client.update_run(sent.run_id, status=RUNNING)
            sent.settled = None

    def _settle(self, client: "MlflowClient", sent: Sent) -> None:
        """Artifacts, final metrics under their own keys, the reason, and last the status."""
        finished = sent.status == FINISHED
        for name in self._artifacts(finished):
            parent = str(Path(name).parent)
            client.log_artifact(sent.run_id, str(self._folder.path / name), None if parent == "." else parent)
        tags = {"status_reason": sent.reason}
        if finished:
            result = read_json(self._folder.result)
            tags |= {key: result[key] for key in ("bleu_signature", "chrf_signature") if result.get(key)}
            step = max(sent.steps.values(), default=0)
            points = [(key, value, sent.milliseconds + 1, step) for key, value in result["metrics"].items()]
            _log_metrics(client, sent, points)
        _log_tags(client, sent, tags)
        client.set_terminated(sent.run_id, sent.status, end_time=sent.milliseconds)
        sent.settled = sent.status
        self._remember(sent)

    def _artifacts(self, finished: bool) -> list[str]:
        events, _ = _events_from(self._folder.events, 0)
        announced = [event["path"] for event in events if event["type"] == "artifact"]
        names = [*_ARTIFACTS, *announced] if finished else _ARTIFACTS_OF_UNFINISHED
        return [name for name in dict.fromkeys(names) if (self._folder.path / name).exists()]


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


def _tags(values: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
    origin = facts["provenance"]
    tags = {key: values[key] for key in (*FACTORS, "study", "task")}
    tags |= {"signature": facts["signature"], "device": origin["device"], "command": origin["command"]}
    if origin["commit"] is not None:
        dirty = str(origin["dirty"]).lower()
        tags |= {"commit": origin["commit"], "dirty": dirty, "mlflow.source.git.commit": origin["commit"]}
    tags |= {"mlflow.source.name": "attnbench", "mlflow.source.type": "PROJECT"}
    return {key: str(value) for key, value in tags.items()}


def _events_from(path: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """The whole lines from `offset` on, or all of a file that has lost lines since; and where they end."""
    with path.open("rb") as file:
        start = offset if offset <= path.stat().st_size else 0
        file.seek(start)
        text = file.read()
    whole = text[: text.rfind(b"\n") + 1]
    events = [event for line in whole.splitlines() if (event := _event(line)) is not None]
    return events, start + len(whole)


def _event(line: bytes) -> dict[str, Any] | None:
    """The event of a line; None for one that a kill or a full disk cut off."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _new_points(event: Mapping[str, Any], steps: dict[str, int]) -> list[tuple[str, float, int, int]]:
    """Key, value, time in milliseconds and step of the points beyond the last step sent; moves that on."""
    step = event["step"]
    keys = [key for key in event["values"] if step > steps.get(key, -1)]
    steps.update(dict.fromkeys(keys, step))
    return [(key, event["values"][key], round(1000 * event["time"]), step) for key in keys]


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
