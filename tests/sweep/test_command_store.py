"""The MLflow store of a sweep, as a user meets it, with a stand-in for training."""

import shutil
import sqlite3
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from mlflow import MlflowClient

from tests.sweep.driver import Program


def test_a_study_logs_the_runs_that_another_made_and_sync_does_so_too(program: Program) -> None:
    def names(file: str, study: str) -> list[str]:
        client = MlflowClient(f"sqlite:///{program.path}/{file}")
        experiment = client.get_experiment_by_name(study)
        assert experiment is not None
        runs = client.search_runs([experiment.experiment_id])
        assert {run.data.tags["study"] for run in runs} == {study}
        return sorted(run.data.tags["attention"] for run in runs)

    shutil.copy(program.path / "mlflow.db", program.path / "other.db")
    assert program("-m", "attention=dot,none", "study=first").code == 0
    second = program("-m", "attention=dot,none,general", "study=second")
    assert second.code == 0, second.errors
    assert names("mlflow.db", "first") == ["dot", "none"]
    assert names("mlflow.db", "second") == ["dot", "general", "none"]
    synced = program("task=sync", "tracking.uri=sqlite:///other.db")
    assert synced.output == "Sent 3 runs to sqlite:///other.db; 0 were there already.\n"
    assert names("other.db", "first") == ["dot", "none"]
    assert names("other.db", "second") == ["dot", "general", "none"]


@pytest.fixture
def guarded_server() -> Iterator[tuple[str, set[str | None]]]:
    """The address of a server that wants a password and answers nothing, and the Authorization headers it was sent."""
    sent: set[str | None] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.add(self.headers["Authorization"])
            self.send_error(404)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://ada:xyzzy@127.0.0.1:{server.server_port}", sent
        server.shutdown()


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_the_password_of_the_store_is_used_and_written_nowhere(
    program: Program, guarded_server: tuple[str, set[str | None]], launcher: str
) -> None:
    if launcher == "joblib":
        pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    uri, sent = guarded_server
    ended = program("-m", f"hydra/launcher={launcher}", "attention=dot,none", f"tracking.uri={uri}")
    assert ended.code == 0, ended.errors
    assert "Cannot log to MLflow at http://ada:***@127.0.0.1:" in ended.errors
    synced = program("-m", "task=sync", f"tracking.uri={uri}")
    assert synced.errors in ended.errors
    assert synced.code == 1
    assert sent == {f"Basic {b64encode(b'ada:xyzzy').decode()}"}
    files = [path for path in program.path.rglob("*") if path.is_file()]
    assert {"facts.json", "config.json"} <= {path.name for path in files}
    assert [path for path in files if b"xyzzy" in path.read_bytes()] == []
    assert "xyzzy" not in ended.output + ended.errors


def test_a_store_whose_making_was_interrupted_is_made_again(program: Program) -> None:
    with closing(sqlite3.connect(program.path / "mlflow.db")) as database, database:
        database.execute("CREATE TABLE _alembic_tmp_runs (run_uuid VARCHAR(32))")
        database.execute("DELETE FROM alembic_version")
    ended = program("attention=dot", "study=first")
    assert (ended.code, ended.errors) == (0, "")
    assert program("task=sync").output == "Sent 0 runs to sqlite:///mlflow.db; 1 were there already.\n"
    client = MlflowClient(f"sqlite:///{program.path}/mlflow.db")
    experiment = client.get_experiment_by_name("first")
    assert experiment is not None
    assert len(client.search_runs([experiment.experiment_id])) == 1


def test_an_mlflow_server_that_is_away_costs_one_warning(program: Program) -> None:
    ended = program("-m", "attention=dot,none", "tracking.uri=http://127.0.0.1:9")
    assert ended.code == 0
    assert ended.errors == (
        "Cannot log to MLflow at http://127.0.0.1:9: no connection. Runs continue and their results stay in their "
        "folders. Send them later with: python -m attnbench task=sync\n"
    )
