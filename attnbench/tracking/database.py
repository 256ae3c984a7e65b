"""The database of a store before MLflow opens it, which would try for 100 s, and build its tables in steps in place."""

import errno
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

_HALF_COPIED = "_alembic_tmp_"
"""How a table is called while MLflow's migrations copy it."""
_SEEDED = ("alembic_version", "experiments", "workspaces")
"""The tables in which MLflow itself writes one row when it makes a store."""


def check_server(uri: str) -> None:
    """Connects once to the database server at `uri`.

    Raises:
        SQLAlchemyError, ImportError: it does not answer, or its driver is not installed.
    """
    import sqlalchemy

    engine = sqlalchemy.create_engine(uri)
    try:
        engine.connect().close()
    finally:
        engine.dispose()


def complete(file: Path) -> None:
    """Makes sure that the sqlite store at `file` has all of MLflow's tables; its caller holds the store's lock.

    They are made in another file and come here in one transaction, so that a kill or a full disk leaves what was there.
    A store without content is made again: another program may have been killed while it made it.

    Raises:
        sqlite3.Error, OSError: it cannot be opened or written, or its tables are incomplete and it has content.
        MlflowException: another version of MLflow wrote it.
    """
    from mlflow.store.db.utils import _get_latest_schema_revision

    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    with closing(sqlite3.connect(file, isolation_level=None)) as store:
        if _rows(store, "alembic_version") != [(_get_latest_schema_revision(),)]:
            store.execute("BEGIN IMMEDIATE")  # fails at once where it cannot be written, or another program writes
            store.execute("ROLLBACK")
            _build(store)


def _build(store: sqlite3.Connection) -> None:
    from mlflow import MlflowClient
    from sqlalchemy.exc import SQLAlchemyError

    names = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    has_content = any(len(_rows(store, name)) > (name.removeprefix(_HALF_COPIED) in _SEEDED) for name in names)
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder) / "mlflow.db")) as copy:
        if has_content:
            store.backup(copy)
        try:
            MlflowClient(f"sqlite:///{folder}/mlflow.db").search_experiments(max_results=1)
        except SQLAlchemyError as error:
            reason = str(error).partition("\n")[0]
            raise sqlite3.DatabaseError(
                f"its tables are incomplete and cannot be completed, {reason}; restore it from a copy, or use another "
                "with tracking.uri=sqlite:///OTHER.db"
            ) from error
        copy.backup(store)


def _rows(database: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    """The first rows of a table, two at most; none where there is no such table."""
    exists = database.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [table]).fetchone()
    return database.execute(f'SELECT * FROM "{table}" LIMIT 2').fetchall() if exists else []
