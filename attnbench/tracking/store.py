"""A connection to an MLflow store that may not answer: opened late, given little time, avoided after a failure."""

import logging
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from attnbench.records import wait_for
from attnbench.tracking.address import absolute, is_database_server, public, sqlite_file, without_secrets
from attnbench.tracking.database import check_server, complete

if TYPE_CHECKING:
    from mlflow import MlflowClient

_RETRY_SECONDS = 60.0
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "PGCONNECT_TIMEOUT": "5",
}


class StoreError(Exception):
    """The store did not answer, or refused."""


class Store:
    """The MLflow store at `uri`; `warn` is called once with every sentence about what could not be sent."""

    def __init__(self, uri: str, warn: Callable[[str], None]) -> None:
        self.uri = absolute(uri)
        self.warn = cache(warn)
        self._client: MlflowClient | None = None
        self._retry_at = 0.0

    @contextmanager
    def client(self, *, insist: bool = False) -> Iterator["MlflowClient"]:
        """MLflow's client for the body; `insist` asks even if the store did not answer a moment ago.

        Raises:
            StoreError: the store did not answer, now or within the last minute; the rest of the body is skipped.
        """
        if time.monotonic() < self._retry_at and not insist:
            raise StoreError(f"{public(self.uri)} did not answer a moment ago.")
        for name, value in _PATIENCE.items():
            os.environ.setdefault(name, value)
        from mlflow.exceptions import MlflowException
        from requests import RequestException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            if self._client is None:
                self._client = _connect(self.uri)
            yield self._client
        except (MlflowException, RequestException, SQLAlchemyError, sqlite3.Error, ImportError, OSError) as error:
            self._retry_at = time.monotonic() + _RETRY_SECONDS
            reason = without_secrets(_reason(error), self.uri)
            self.warn(
                f"Cannot log to MLflow at {public(self.uri)}: {reason}. Runs continue and their results stay in "
                "their folders. Send them later with: python -m attnbench task=sync"
            )
            raise StoreError(reason) from error
        self._retry_at = 0.0


def _reason(error: BaseException) -> str:
    """Why a store cannot be used, in a few words; MLflow wraps the errors of the network."""
    import requests

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, requests.RequestException):
            timeout = os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"]
            return f"no answer within {timeout} s" if "timed out" in str(cause) else "no connection"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.strerror}: {error.filename}"
    return str(error).strip().partition("\n")[0].rstrip(".")[:300]


@cache
def open_store(uri: str) -> Store:
    """This process's store at `uri`, which warns on standard error."""
    return Store(uri, warn=lambda text: print(text, file=sys.stderr, flush=True))


def _connect(uri: str) -> "MlflowClient":
    """A client whose store exists; processes that open a new sqlite file at once make its tables one after another."""
    from mlflow import MlflowClient

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is raised; they would log addresses whole
    file = sqlite_file(uri)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        with wait_for(file.with_name(f"{file.name}.lock")):
            complete(file)
    elif is_database_server(uri):
        check_server(uri)
    client = MlflowClient(uri)
    client.search_experiments(max_results=1)
    return client
