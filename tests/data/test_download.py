import errno
import functools
import gzip
import hashlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from attnbench.config import DataConfig
from attnbench.data import check, digests, load
from attnbench.data.sets import iwslt15, multi30k
from tests.data.refusal import refusal

TEXT = b"ein hund\neine katze\n"
DIGEST = hashlib.sha256(TEXT).hexdigest()
Configured = Callable[..., DataConfig]


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder without a word; a file whose name begins with cut is announced longer than it is."""

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
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield folder, f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def multi30k_served(served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """A tiny Multi30k of six files, with the digests that they have."""
    folder, url = served
    names = [f"{stem}.{language}" for stem in ("train", "val", "test_2016_flickr") for language in ("de", "en")]
    for name in names:
        (folder / f"{name}.gz").write_bytes(gzip.compress(TEXT))
    monkeypatch.setattr(multi30k, "_FOLDER", url)
    monkeypatch.setattr(multi30k, "_DIGESTS", dict.fromkeys(names, DIGEST))
    return folder, url


WORDS = {"kind": "words", "size": 100}


def test_files_are_fetched_once_and_announced(
    multi30k_served: tuple[Path, str], configured: Configured, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, url = multi30k_served
    config = configured("multi30k", subwords=WORDS)
    check(config)
    assert capsys.readouterr().err.splitlines()[0] == f"Downloading {url}/train.de.gz"
    for file in folder.iterdir():
        file.unlink()
    assert load(config, sequence_length=9).train.source_text == ["ein hund", "eine katze"]
    assert set(digests(config).values()) == {DIGEST}
    assert capsys.readouterr().err == ""


def test_a_file_compressed_otherwise_is_as_good(multi30k_served: tuple[Path, str], configured: Configured) -> None:
    folder, _ = multi30k_served
    (folder / "val.en.gz").write_bytes(gzip.compress(TEXT, compresslevel=0))
    check(configured("multi30k"))


def test_a_kept_file_that_was_damaged_is_fetched_again(
    multi30k_served: tuple[Path, str], configured: Configured, tmp_path: Path
) -> None:
    config = configured("multi30k")
    check(config)
    kept = tmp_path / "cache" / "downloads" / "multi30k"
    (kept / "val.en.gz").write_bytes(b"cut")
    (kept / "val.de.gz").write_bytes(gzip.compress(b"other\ntext\n"))
    check(config)
    assert {gzip.decompress(file.read_bytes()) for file in kept.iterdir()} == {TEXT}


def test_a_missing_file_is_told_with_the_way_out(multi30k_served: tuple[Path, str], configured: Configured) -> None:
    folder, url = multi30k_served
    (folder / "val.de.gz").unlink()
    assert refusal(check, configured("multi30k")) == (
        f"Cannot download {url}/val.de.gz: File not found. "
        "Try again, or download it by hand and give its folder by data.root."
    )


def test_a_server_that_does_not_answer_is_told(configured: Configured, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setattr(multi30k, "_FOLDER", url)
        assert refusal(check, configured("multi30k")) == (
            f"Cannot download {url}/train.de.gz: [Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}. "
            "Try again, or download it by hand and give its folder by data.root."
        )


def test_a_download_that_breaks_off_leaves_nothing(
    multi30k_served: tuple[Path, str], configured: Configured, tmp_path: Path
) -> None:
    folder, url = multi30k_served
    size = (folder / "train.de.gz").stat().st_size
    (folder / "cut").write_text("")
    assert refusal(check, configured("multi30k")) == (
        f"Cannot download {url}/train.de.gz: {size} of {size + 5} bytes came. "
        "Try again, or download it by hand and give its folder by data.root."
    )
    assert not (tmp_path / "cache" / "downloads").exists()


def test_a_wrong_file_is_told_and_not_kept(
    multi30k_served: tuple[Path, str], configured: Configured, tmp_path: Path
) -> None:
    folder, url = multi30k_served
    other = b"ein Hund\neine katze\n"
    (folder / "train.de.gz").write_bytes(gzip.compress(other))
    assert refusal(check, configured("multi30k")) == (
        f"{url}/train.de.gz is not the expected file: its text has the sha256 {hashlib.sha256(other).hexdigest()}, "
        f"expected {DIGEST}. Try again later, or give the folder of a right copy by data.root."
    )
    assert not (tmp_path / "cache" / "downloads").exists()


@pytest.fixture
def iwslt15_served(served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """A tiny IWSLT'15 of six files."""
    folder, url = served
    for stem in ("train", "tst2012", "tst2013"):
        for language in ("en", "vi"):
            (folder / f"{stem}.{language}").write_bytes(f"{stem} {language}\n".encode())
    monkeypatch.setattr(iwslt15, "_FOLDER", url)
    return folder, url


@pytest.mark.parametrize("at_hand", [True, False], ids=["at hand", "fetched"])
def test_iwslt15_validates_on_tst2012_and_tests_on_tst2013(
    at_hand: bool, iwslt15_served: tuple[Path, str], configured: Configured
) -> None:
    root = str(iwslt15_served[0]) if at_hand else None
    dataset = load(configured("iwslt15_envi", root=root, subwords=WORDS), sequence_length=9)
    assert (dataset.train.source_text, dataset.train.target_text) == (["train en"], ["train vi"])
    assert (dataset.valid.source_text, dataset.test.target_text) == (["tst2012 en"], ["tst2013 vi"])


def test_a_given_digest_is_compared_whether_fetched_or_at_hand(
    iwslt15_served: tuple[Path, str], configured: Configured
) -> None:
    folder, url = iwslt15_served
    right, wrong = hashlib.sha256(b"train en\n").hexdigest(), "12ab"
    for root in (None, str(folder)):
        check(configured("iwslt15_envi", root=root, options={"digests": {"train_source": right}}))
    message = f"is not the expected file: its text has the sha256 {right}, expected {wrong}."
    options = {"digests": {"train_source": wrong}}
    assert refusal(check, configured("iwslt15_envi", options=options)) == (
        f"{url}/train.en {message} Try again later, or give the folder of a right copy by data.root."
    )
    assert refusal(check, configured("iwslt15_envi", root=str(folder), options=options)) == (
        f"{folder / 'train.en'} {message} Give another copy, or correct data.options.digests."
    )


def test_a_digest_for_a_file_that_there_is_not_is_refused(configured: Configured) -> None:
    assert refusal(check, configured("iwslt15_envi", options={"digests": {"train_sorce": "12ab"}})) == (
        "Unknown file in data.options.digests 'train_sorce'. Known: train_source, train_target, valid_source, "
        "valid_target, test_source, test_target. Did you mean 'train_source'?"
    )
