"""A store that may be away."""

import re
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from mlflow import MlflowClient

from attnbench.tracking import Store, StoreError


@pytest.fixture
def deaf_server() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_never_answers_is_given_up_in_time(deaf_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    warnings: list[str] = []
    store = Store(deaf_server, warn=warnings.append)
    with pytest.raises(StoreError, match=r"^no answer within 1 s$"), store.client():
        pass
    assert warnings == [
        f"Cannot log to MLflow at {deaf_server}: no answer within 1 s. Runs continue and their results stay in their "
        "folders. Send them later with: python -m attnbench task=sync"
    ]


def test_a_store_that_was_away_is_left_alone_for_a_while() -> None:
    store = Store("http://127.0.0.1:9", warn=lambda _: None)
    with pytest.raises(StoreError, match=r"^no connection$"), store.client():
        pass
    with pytest.raises(StoreError, match=r"^http://127.0.0.1:9 did not answer a moment ago\.$"), store.client():
        pass
    with pytest.raises(StoreError, match=r"^no connection$"), store.client(insist=True):
        pass


@pytest.fixture(scope="module")
def interrupted_builds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What a kill leaves of a store that MLflow makes in place: the files before each statement that writes."""
    folder = tmp_path_factory.mktemp("interrupted")
    file = folder / "built.db"
    states: list[Path] = []

    def keep(connection: sqlalchemy.Connection, _cursor: object, statement: str, *_: object) -> None:
        if connection.engine.url.database == str(file) and not statement.startswith(("SELECT", "PRAGMA")):
            states.append(folder / f"{len(states)}" / "mlflow.db")
            states[-1].parent.mkdir()
            for suffix in ("", "-journal"):
                if (source := file.with_name(f"{file.name}{suffix}")).exists():
                    shutil.copy(source, states[-1].with_name(f"{states[-1].name}{suffix}"))

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", keep)
    try:
        MlflowClient(f"sqlite:///{file}").search_experiments()
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", keep)
    return states


def half_copied(states: list[Path]) -> Path:
    """The latest state in which a table was being copied."""
    for state in reversed(states):
        with closing(sqlite3.connect(state)) as database:
            if database.execute(
                "SELECT name FROM sqlite_master WHERE name LIKE '~_alembic~_tmp%' ESCAPE '~'"
            ).fetchone():
                return state
    raise AssertionError("no state with a temporary table")


def test_a_store_whose_making_was_interrupted_is_made_again(interrupted_builds: list[Path], tmp_path: Path) -> None:
    middle = interrupted_builds[len(interrupted_builds) // 2]
    for number, state in enumerate((middle, interrupted_builds[-1], half_copied(interrupted_builds))):
        file = shutil.copytree(state.parent, tmp_path / str(number)) / "mlflow.db"
        with Store(f"sqlite:///{file}", warn=pytest.fail).client() as client:
            run = client.create_run(client.create_experiment("length"))
        again = MlflowClient(f"sqlite:///{file}")
        assert again.get_run(run.info.run_id).info.status == "RUNNING"
        assert sorted(experiment.name for experiment in again.search_experiments()) == ["Default", "length"]


def test_a_kill_while_a_store_is_made_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", kill)
    try:
        with pytest.raises(KeyboardInterrupt), Store(f"sqlite:///{tmp_path}/mlflow.db", warn=pytest.fail).client():
            pass
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", kill)
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == {"mlflow.db": 0, "mlflow.db.lock": 0}


def test_an_incomplete_store_with_content_is_kept(interrupted_builds: list[Path], tmp_path: Path) -> None:
    file = shutil.copytree(half_copied(interrupted_builds).parent, tmp_path / "store") / "mlflow.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("INSERT INTO runs (run_uuid) VALUES ('kept')")
        (name,) = database.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE '~_alembic~_tmp%' ESCAPE '~'"
        ).fetchone()
    before = file.read_bytes()
    message = (
        f"its tables are incomplete and cannot be completed, (sqlite3.OperationalError) table {name} already exists; "
        "restore it from a copy, or use another with tracking.uri=sqlite:///OTHER.db"
    )
    store = Store(f"sqlite:///{file}", warn=lambda _: None)
    with pytest.raises(StoreError, match=f"^{re.escape(message)}$"), store.client():
        pass
    assert file.read_bytes() == before


def folder_of_that_name(file: Path) -> str:
    file.mkdir()
    return f"sqlite:///{file}"


def other_file(file: Path) -> str:
    file.write_text("no database " * 100)
    return f"sqlite:///{file}"


def file_in_place_of_its_folder(file: Path) -> str:
    file.touch()
    return f"sqlite:///{file}/mlflow.db"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (folder_of_that_name, "Is a directory: {file}"),
        (other_file, "file is not a database"),
        (file_in_place_of_its_folder, "File exists: {file}"),
    ],
)
def test_a_store_that_cannot_be_opened_is_given_up_at_once(
    make: Callable[[Path], str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def retry(_seconds: float) -> None:
        pytest.fail("MLflow was asked, and tries ten times.")

    monkeypatch.setattr("mlflow.store.db.utils.time.sleep", retry)
    file = tmp_path / "store"
    store = Store(make(file), warn=lambda _: None)
    with pytest.raises(StoreError, match=f"^{re.escape(reason.format(file=file))}$"), store.client():
        pass


def test_a_database_server_that_is_away_is_given_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise sqlite3.OperationalError("connection to server at '127.0.0.1', user ada, password word refused")

    connect = sqlalchemy.create_engine
    monkeypatch.setattr("sqlalchemy.create_engine", lambda uri: connect("sqlite://", creator=refuse))
    store = Store("postgresql://ada:word@127.0.0.1/runs", warn=lambda _: None)
    message = "(sqlite3.OperationalError) connection to server at '127.0.0.1', user ada, password *** refused"
    with pytest.raises(StoreError, match=f"^{re.escape(message)}$"), store.client():
        pass
