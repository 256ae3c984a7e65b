"""A store that may be away."""

import socket
from collections.abc import Iterator

import pytest

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
