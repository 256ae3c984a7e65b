"""What reaches the store, read back with MLflow's own client."""

import errno
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from attnbench.config import RESULTS_VERSION, parameters
from attnbench.records import MetricsEvent, Outcome, RunFolder, Status
from attnbench.records.folder import RunFile
from attnbench.tracking import Forwarder, Store, StoreError
from attnbench.tracking import forward as forward_module
from tests import made
from tests.tracking.conftest import finish, runs_of

Make = Callable[..., RunFolder]


@pytest.fixture
def store(store_uri: str) -> Store:
    return Store(store_uri, warn=pytest.fail)


@pytest.fixture
def client(store: Store) -> Iterator[MlflowClient]:
    with store.client() as found:
        yield found


def forward(folder: RunFolder, store: Store, *, finalize: bool = True) -> str:
    """Sends with a forwarder that remembers nothing but what the folder does, as another process would."""
    run_id = Forwarder(folder, store).forward(finalize=finalize)
    assert run_id is not None
    return run_id


def history(client: MlflowClient, run_id: str, key: str) -> list[tuple[int, float]]:
    return sorted((point.step, point.value) for point in client.get_metric_history(run_id, key))


def test_a_run_has_its_params_and_tags_from_its_first_event_on(make_folder: Make, store: Store, client: Any) -> None:
    folder = make_folder("dot-h128", seed=7)
    run = client.get_run(forward(folder, store, finalize=False))
    assert run.info.status == "RUNNING"
    assert run.info.run_name == "dot-h128"
    experiment = client.get_experiment(run.info.experiment_id)
    assert experiment.name == "length"
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    config = folder.config.required()
    assert run.data.params == {key: str(value) for key, value in parameters(config).items()}
    tags = {"signature": made.SIGNATURE, "study": "length", "seed": "7", "attention": "bahdanau"}
    assert tags.items() <= run.data.tags.items()
    assert (run.data.tags["commit"], run.data.tags["dirty"]) == (made.provenance().commit, "false")
    assert run.data.tags["results_version"] == str(RESULTS_VERSION)


def test_metrics_keep_their_steps_and_go_once(make_folder: Make, store: Store, client: Any) -> None:
    folder = make_folder()
    folder.append(MetricsEvent(3, {"train/loss": 0.5}))
    forward(folder, store, finalize=False)
    folder.append(MetricsEvent(5, {"train/loss": 0.25, "valid/bleu": 7.0}))
    run_id = forward(folder, store, finalize=False)
    assert forward(folder, store, finalize=False) == run_id
    assert history(client, run_id, "train/loss") == [(3, 0.5), (5, 0.25)]
    assert history(client, run_id, "valid/bleu") == [(5, 7.0)]
    assert len(runs_of(client, "length")) == 1


def test_a_line_that_is_being_written_waits_for_its_end(make_folder: Make, store: Store, client: Any) -> None:
    folder = make_folder()
    with folder.events.path.open("a") as file:
        file.write('{"type": "metrics", "step": 3, "values"')
    run_id = forward(folder, store, finalize=False)
    with folder.events.path.open("a") as file:
        file.write(': {"train/loss": 0.5}, "time": 11.0}\n')
    forward(folder, store, finalize=False)
    assert history(client, run_id, "train/loss") == [(3, 0.5)]


def test_a_line_that_a_kill_cut_is_skipped(make_folder: Make, store: Store, client: Any) -> None:
    folder = make_folder()
    with folder.events.path.open("a") as file:
        file.write('{"type": "metrics", "step": 3, "val\n')
    folder.append(MetricsEvent(5, {"train/loss": 0.5}))
    assert history(client, forward(folder, store, finalize=False), "train/loss") == [(5, 0.5)]


def test_a_finished_run_has_each_result_under_its_own_key_and_its_files(
    make_folder: Make, store: Store, client: Any
) -> None:
    folder = make_folder()
    folder.append(MetricsEvent(11, {"train/loss": 0.5}))
    finish(folder, **{"test/bleu": 43.0, "length/slope": -1.5})
    run = client.get_run(forward(folder, store))
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"train/loss": 0.5, "test/bleu": 43.0, "length/slope": -1.5}
    assert history(client, run.info.run_id, "test/bleu") == [(11, 43.0)]
    assert run.data.tags["bleu_signature"] == made.result().bleu_signature
    assert run.data.tags["status_reason"] == ""
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert files == {"config.json", "facts.json", "result.json", "predictions.txt", "run.log", "checkpoint"}
    assert [file.path for file in client.list_artifacts(run.info.run_id, "checkpoint")] == ["checkpoint/best.npz"]


def test_nothing_is_sent_while_the_run_is_at_work_that_may_still_change(
    make_folder: Make, store: Store, client: Any
) -> None:
    folder = make_folder()
    finish(folder, **{"test/bleu": 43.0})
    run = client.get_run(forward(folder, store, finalize=False))
    assert (run.info.status, run.data.metrics, client.list_artifacts(run.info.run_id)) == ("RUNNING", {}, [])


def test_a_failed_run_gives_its_reason_and_keeps_its_log(make_folder: Make, store: Store, client: Any) -> None:
    folder = make_folder()
    folder.log.path.write_text("non-finite\n")
    folder.record(Outcome(Status.FAILED, "non-finite loss"))
    run = client.get_run(forward(folder, store))
    assert (run.info.status, run.data.tags["status_reason"]) == ("FAILED", "non-finite loss")
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == {"config.json", "facts.json", "run.log"}


def test_a_resumed_run_continues_the_same_mlflow_run_without_repeating_steps(
    make_folder: Make, store: Store, client: Any
) -> None:
    folder = make_folder()
    folder.append(MetricsEvent(3, {"train/loss": 0.5}))
    folder.append(MetricsEvent(5, {"train/loss": 0.25}))
    folder.record(Outcome(Status.KILLED, "signal SIGTERM"))
    first = forward(folder, store)
    assert client.get_run(first).info.status == "KILLED"
    folder.record(Outcome(Status.RUNNING))
    assert forward(folder, store, finalize=False) == first
    assert client.get_run(first).info.status == "RUNNING"
    folder.append(MetricsEvent(5, {"train/loss": 0.26}))
    folder.append(MetricsEvent(7, {"train/loss": 0.125}))
    finish(folder, **{"test/bleu": 43.0})
    assert forward(folder, store) == first
    assert client.get_run(first).info.status == "FINISHED"
    assert history(client, first, "train/loss") == [(3, 0.5), (5, 0.25), (7, 0.125)]


def test_a_store_that_lost_the_run_is_sent_it_again(make_folder: Make, store: Store, client: Any) -> None:
    folder = make_folder()
    finish(folder, **{"test/bleu": 43.0})
    client.delete_run(forward(folder, store))
    (run,) = (client.get_run(forward(folder, store)),)
    assert run.data.metrics == {"test/bleu": 43.0}
    assert len(runs_of(client, "length")) == 1


@pytest.mark.parametrize("same_process", [True, False])
def test_events_after_a_power_cut_that_took_some_are_sent(
    make_folder: Make, store: Store, client: Any, same_process: bool
) -> None:
    folder = make_folder()
    kept = folder.events.path.read_bytes()
    for step in (3, 5, 7):
        folder.append(MetricsEvent(step, {"train/loss": 1 / step}))
    forwarder = Forwarder(folder, store)
    run_id = forwarder.forward(finalize=False)
    assert run_id is not None
    folder.events.path.write_bytes(kept)
    folder.append(MetricsEvent(7, {"train/loss": 1 / 8}))
    folder.append(MetricsEvent(11, {"train/loss": 1 / 11}))
    assert folder.events.path.stat().st_size < folder.tracking.required()[f"length at {store.uri}"].event_bytes
    (forwarder if same_process else Forwarder(folder, store)).forward(finalize=False)
    assert history(client, run_id, "train/loss") == [(3, 1 / 3), (5, 1 / 5), (7, 1 / 7), (11, 1 / 11)]


def test_a_finished_run_whose_last_event_was_lost_is_finished(make_folder: Make, store: Store, client: Any) -> None:
    folder = make_folder()
    kept = folder.events.path.read_bytes()
    finish(folder, **{"test/bleu": 43.0})
    folder.events.path.write_bytes(kept)
    run = client.get_run(forward(folder, store))
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"test/bleu": 43.0})


def test_every_study_has_the_run_once_in_its_experiment(make_folder: Make, store: Store, client: Any) -> None:
    folder = make_folder()
    finish(folder, **{"test/bleu": 43.0})
    first = forward(folder, store)
    others = [Forwarder(folder, store, "speed").forward(finalize=True) for _ in range(2)]
    assert forward(folder, store) == first
    for study, run_id in (("length", first), ("speed", others[0])):
        (run,) = runs_of(client, study)
        assert (run.info.run_id, run.info.status, run.data.metrics) == (run_id, "FINISHED", {"test/bleu": 43.0})
        assert (run.data.tags["study"], run.data.params["study"]) == (study, study)
    assert others == [others[0]] * 2
    assert folder.tracking.required().keys() == {f"length at {store.uri}", f"speed at {store.uri}"}


def break_once(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, *, after: bool = False) -> None:
    """The next call of `owner.name` ends as a lost connection does, before or after its work."""
    whole = getattr(owner, name)

    def broken(*arguments: Any, **options: Any) -> None:
        monkeypatch.setattr(owner, name, whole)
        if after:
            whole(*arguments, **options)
        raise OSError(errno.EIO, "lost")

    monkeypatch.setattr(owner, name, broken)


@pytest.mark.parametrize("same_process", [True, False])
@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [
        (MlflowClient, "create_run", True),
        (MlflowClient, "log_batch", False),
        (MlflowClient, "log_batch", True),
        (RunFile, "write", False),
    ],
)
def test_a_run_whose_connection_was_lost_is_made_once_and_has_its_params(
    make_folder: Make,
    store_uri: str,
    client: Any,
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    after: bool,
    same_process: bool,
) -> None:
    folder, store = make_folder(), Store(store_uri, warn=lambda _: None)
    forwarder = Forwarder(folder, store)
    break_once(monkeypatch, owner, name, after=after)
    with pytest.raises(StoreError, match=r"lost$"):
        forwarder.forward(finalize=False)
    (forwarder if same_process else Forwarder(folder, store)).forward(finalize=False, insist=True)
    (run,) = runs_of(client, "length")
    config = folder.config.required()
    assert run.data.params == {key: str(value) for key, value in parameters(config).items()}


def test_a_folder_that_lost_tracking_json_finds_its_run_again(make_folder: Make, store: Store, client: Any) -> None:
    folder = make_folder()
    folder.append(MetricsEvent(3, {"train/loss": 0.5}))
    finish(folder, **{"test/bleu": 43.0, "train/loss": 0.5})
    first = forward(folder, store)
    points = history(client, first, "train/loss")
    folder.tracking.path.unlink()
    assert forward(folder, store) == first
    assert history(client, first, "train/loss") == points
    assert client.get_run(first).info.status == "FINISHED"


def test_a_second_store_gets_the_run_too_and_a_moved_one_is_recognised(
    make_folder: Make, store: Store, migrated_store: Path, tmp_path: Path
) -> None:
    folder = make_folder()
    finish(folder, **{"test/bleu": 43.0})
    first = forward(folder, store)
    (tmp_path / "other.db").write_bytes(migrated_store.read_bytes())
    assert forward(folder, Store(f"sqlite:///{tmp_path}/other.db", warn=pytest.fail)) != first
    (tmp_path / "moved.db").write_bytes((tmp_path / "mlflow.db").read_bytes())
    assert forward(folder, Store(f"sqlite:///{tmp_path}/moved.db", warn=pytest.fail)) == first


def test_more_points_than_mlflow_takes_at_once_all_arrive(make_folder: Make, store: Store, client: Any) -> None:
    folder = make_folder()
    for step in range(1300):
        folder.append(MetricsEvent(step, {"train/loss": 1.0}))
    assert len(history(client, forward(folder, store, finalize=False), "train/loss")) == 1300


def test_a_run_that_has_not_begun_is_not_made(tmp_path: Path, store: Store, client: Any) -> None:
    assert Forwarder(RunFolder(tmp_path / "nothing"), store).forward(finalize=True) is None
    assert client.search_experiments(filter_string="name = 'length'") == []


def test_a_damaged_tracking_json_sends_the_run_again(make_folder: Make, store: Store, client: Any) -> None:
    folder = make_folder()
    forward(folder, store, finalize=False)
    folder.tracking.path.write_text('{"sqlite')
    finish(folder, **{"test/bleu": 43.0})
    run_id = forward(folder, store)
    assert client.get_run(run_id).data.metrics == {"test/bleu": 43.0}
    assert forward(folder, store) == run_id


def test_a_deleted_study_comes_back_with_its_next_run(make_folder: Make, store: Store, client: Any) -> None:
    first = make_folder("first")
    finish(first, **{"test/bleu": 43.0})
    forward(first, store)
    client.delete_experiment(client.get_experiment_by_name("length").experiment_id)
    second = make_folder("second", signature="71" * 32)
    assert client.get_run(forward(second, store, finalize=False)).info.status == "RUNNING"


def test_a_store_that_does_not_answer_loses_nothing_and_warns_once(
    make_folder: Make, store: Store, client: Any
) -> None:
    folder = make_folder()
    finish(folder, **{"test/bleu": 43.0})
    warnings: list[str] = []
    away = Store("http://127.0.0.1:9", warn=warnings.append)
    for _ in range(2):
        with pytest.raises(StoreError):
            Forwarder(folder, away).forward(finalize=True, insist=True)
    assert warnings == [
        "Cannot log to MLflow at http://127.0.0.1:9: no connection. Runs continue and their results stay in their "
        "folders. Send them later with: python -m attnbench task=sync"
    ]
    assert client.get_run(forward(folder, store)).data.metrics == {"test/bleu": 43.0}


@pytest.mark.parametrize("broken", [(RunFile, "write"), (forward_module, "wait_for"), (forward_module, "read_events")])
def test_a_full_disk_of_the_run_is_not_blamed_on_the_store(
    broken: tuple[Any, str], make_folder: Make, store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    warnings: list[str] = []
    folder, store = make_folder(), Store(store_uri, warn=warnings.append)
    reason = f"{folder.path} cannot be read or written: No space left on device"
    monkeypatch.setattr(*broken, refuse)
    for _ in range(2):
        with pytest.raises(StoreError, match=f"^{re.escape(reason)}$"):
            forward(folder, store)
    assert warnings == [
        f"Not all is sent to MLflow: {reason}. Send it later with: python -m attnbench task=sync",
    ]
    monkeypatch.undo()
    forward(folder, store)
    with store.client() as client:
        assert len(runs_of(client, "length")) == 1
