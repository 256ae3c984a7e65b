"""Fixtures for the tests of the data sets."""

import threading
from collections.abc import Callable, Iterator
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from attnbench.config import DataConfig
from attnbench.mapping import build

Configured = Callable[..., DataConfig]


@pytest.fixture(scope="session")
def composed_data(compose: Callable[..., dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    """The values to which the data set of that name composes; each is composed once."""
    return cache(lambda name: dict(compose(f"data={name}")["data"]))


@pytest.fixture
def configured(composed_data: Callable[[str], dict[str, Any]], tmp_path: Path) -> Configured:
    """Makes the configuration of the data set of that name with changes; `options` and `subwords` change by key."""

    def make(name: str, **changes: Any) -> DataConfig:
        values = composed_data(name)
        changes.setdefault("cache_dir", str(tmp_path / "cache"))
        groups = {group: values[group] | changes.pop(group, {}) for group in ("options", "subwords")}
        config: DataConfig = build(DataConfig, values | groups | changes, "data.")
        return config

    return make


@pytest.fixture
def of_files(configured: Configured, parallel_text: Callable[..., dict[str, str]], tmp_path: Path) -> Configured:
    """The configuration of the small data set; texts are given by role, options of `files` by `options`."""

    def make(texts: dict[str, str | bytes] | None = None, **changes: object) -> DataConfig:
        names = parallel_text(**(texts or {}))
        changes.setdefault("subwords", {"kind": "words", "size": 100})
        return configured("files", root=str(tmp_path), options=names | changes.pop("options", {}), **changes)  # type: ignore[operator]

    return make


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder without a log; with a file named cut in it, every file is announced longer than it is."""

    def log_message(self, *args: object) -> None:
        pass

    def send_header(self, keyword: str, value: str) -> None:
        if keyword.lower() == "content-length" and (Path(self.directory) / "cut").exists():
            value = str(int(value) + 5)
        super().send_header(keyword, value)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which this machine serves it."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield folder, f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def parallel_text(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Writes the six files of a small data set into `tmp_path`; the options that name them. Texts can be replaced."""
    texts = {
        "train_source": "a b\na b c\nb c a d\n",
        "train_target": "x y\nx y z\ny z x w\n",
        "valid_source": "a c\n",
        "valid_target": "x z\n",
        "test_source": "b a d c e\nc\n",
        "test_target": "y x w z v\nz\n",
    }

    def write(**replaced: str | bytes) -> dict[str, str]:
        for role, content in {**texts, **replaced}.items():
            (tmp_path / role).write_bytes(content.encode() if isinstance(content, str) else content)
        return {role: role for role in {**texts, **replaced}}

    return write
