import errno
import gzip
import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from attnbench.config import DataConfig
from attnbench.data.download import download
from tests.data.refusal import refusal

TEXT = b"ein hund\neine katze\n"
DIGEST = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture
def config(configured: Callable[..., DataConfig]) -> DataConfig:
    return configured("multi30k")


@pytest.fixture
def file(served: tuple[Path, str]) -> tuple[Path, str]:
    """A compressed text, and the address under which this machine serves it."""
    folder, url = served
    (folder / "val.de.gz").write_bytes(gzip.compress(TEXT))
    return folder / "val.de.gz", f"{url}/val.de.gz"


def test_a_file_is_downloaded_once_and_announced(
    file: tuple[Path, str], config: DataConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, url = file
    expected = tmp_path / "cache" / "downloads" / "multi30k" / "val.de.gz"
    assert download(url, config, sha256=DIGEST) == expected
    assert capsys.readouterr().err == f"Downloading {url}\n"
    assert gzip.decompress(expected.read_bytes()) == TEXT
    path.unlink()
    assert download(url, config, sha256=DIGEST) == expected
    assert capsys.readouterr().err == ""


def test_a_file_compressed_otherwise_is_as_good(file: tuple[Path, str], config: DataConfig) -> None:
    path, url = file
    path.write_bytes(gzip.compress(TEXT, compresslevel=0))
    assert gzip.decompress(download(url, config, sha256=DIGEST).read_bytes()) == TEXT


def test_a_file_without_a_digest_is_accepted_as_it_is(file: tuple[Path, str], config: DataConfig) -> None:
    path, url = file
    path.write_bytes(gzip.compress(b"other\n"))
    assert gzip.decompress(download(url, config, sha256=None).read_bytes()) == b"other\n"


@pytest.mark.parametrize("damaged", [b"cut", gzip.compress(b"other\ntext\n")], ids=["not gzip", "another text"])
def test_a_cached_file_that_was_damaged_is_downloaded_again(
    damaged: bytes, file: tuple[Path, str], config: DataConfig
) -> None:
    _, url = file
    cached = download(url, config, sha256=DIGEST)
    cached.write_bytes(damaged)
    assert gzip.decompress(download(url, config, sha256=DIGEST).read_bytes()) == TEXT


def test_a_missing_file_is_reported_with_a_way_out(served: tuple[Path, str], config: DataConfig) -> None:
    _, url = served
    assert refusal(download, f"{url}/val.de.gz", config, sha256=None) == (
        f"Cannot download {url}/val.de.gz: File not found. "
        "Try again, or download it by hand and give its folder with data.root."
    )


def test_a_server_that_does_not_answer_is_reported(config: DataConfig) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/val.de.gz"
        assert refusal(download, url, config, sha256=None) == (
            f"Cannot download {url}: [Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}. "
            "Try again, or download it by hand and give its folder with data.root."
        )


def test_an_interrupted_download_leaves_nothing(file: tuple[Path, str], config: DataConfig, tmp_path: Path) -> None:
    path, url = file
    size = path.stat().st_size
    (path.parent / "cut").touch()
    assert refusal(download, url, config, sha256=DIGEST) == (
        f"Cannot download {url}: {size} of {size + 5} bytes arrived. "
        "Try again, or download it by hand and give its folder with data.root."
    )
    assert not (tmp_path / "cache" / "downloads").exists()


def test_a_wrong_file_is_refused_and_not_cached(file: tuple[Path, str], config: DataConfig, tmp_path: Path) -> None:
    path, url = file
    other = b"ein Hund\neine katze\n"
    path.write_bytes(gzip.compress(other))
    assert refusal(download, url, config, sha256=DIGEST) == (
        f"{url} is not the expected file: its text has the sha256 {hashlib.sha256(other).hexdigest()}, "
        f"expected {DIGEST}. Try again later, or give the folder of a correct copy with data.root."
    )
    assert not (tmp_path / "cache" / "downloads").exists()
