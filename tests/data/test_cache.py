import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from attnbench.config import DataConfig
from attnbench.data import cache, text
from tests.data.refusal import refusal

ABC_DIGEST = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_cache_folder_is_the_one_named_or_the_users_own(
    configured: Callable[..., DataConfig], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert cache.folder(configured("files")) == tmp_path / "cache"
    assert cache.folder(configured("files", cache_dir=None)) == tmp_path / "user" / "attnbench"


def test_arrays_come_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.npz"
    cache.write_arrays(path, {"tokens": np.arange(7, dtype=np.int32)})
    arrays = cache.read_arrays(path)
    assert arrays is not None
    assert arrays["tokens"].dtype == np.int32
    assert arrays["tokens"].tolist() == list(range(7))


def test_an_absent_file_is_none(tmp_path: Path) -> None:
    assert cache.read_arrays(tmp_path / "a.npz") is None


def test_a_damaged_file_is_none(tmp_path: Path) -> None:
    """Every third byte in turn is inverted, and the file is cut at every fifth length."""
    path = tmp_path / "a.npz"
    cache.write_arrays(path, {"tokens": np.arange(7, dtype=np.int32)})
    content = path.read_bytes()
    damaged = [
        content[:index] + bytes([content[index] ^ 0xFF]) + content[index + 1 :] for index in range(0, len(content), 3)
    ]
    for changed in [*damaged, *(content[:length] for length in range(0, len(content), 5))]:
        path.write_bytes(changed)
        assert cache.read_arrays(path) is None


def test_writers_at_the_same_time_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    writers = [
        threading.Thread(target=cache.write_arrays, args=(path, {"tokens": np.full(50_000, number)}))
        for number in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    arrays = cache.read_arrays(path)
    assert arrays is not None
    assert len(set(arrays["tokens"].tolist())) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


def test_a_full_disk_is_reported_and_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    cache.write(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert refusal(cache.write, path, b"new") == (
        f"Cannot write a.npz into the cache folder {tmp_path}: No space left on device. "
        "Free space or give it write permission, or name another folder with data.cache_dir."
    )
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    assert refusal(cache.write, tmp_path / "texts" / "a.npz", b"new") == (
        f"Cannot write a.npz into the cache folder {tmp_path / 'texts'}: Permission denied. "
        "Free space or give it write permission, or name another folder with data.cache_dir."
    )


def test_the_facts_of_a_text_are_cached_until_the_file_changes(
    tmp_path: Path, configured: Callable[..., DataConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, path = configured("files"), tmp_path / "a.txt"
    read: list[Path] = []
    read_text = text.read_text

    def counted(file: Path) -> bytes:
        read.append(file)
        return read_text(file)

    monkeypatch.setattr(text, "read_text", counted)
    path.write_text("a\nb\n")
    assert [cache.text_facts(path, config).lines for _ in range(2)] == [2, 2]
    assert len(read) == 1
    path.write_text("a\nb\nc\n")
    assert cache.text_facts(path, config).lines == 3
    for cached in (tmp_path / "cache" / "texts").iterdir():
        cached.write_text("{")
    assert cache.text_facts(path, config).lines == 3
    assert len(read) == 3


def overwrite(path: Path, content: str) -> None:
    path.write_text(content)


def replace(path: Path, content: str) -> None:
    other = path.with_name("other")
    other.write_text(content)
    other.replace(path)


@pytest.mark.parametrize("change", [overwrite, replace])
def test_a_text_of_the_same_size_and_time_of_modification_is_another_text(
    tmp_path: Path, configured: Callable[..., DataConfig], change: Callable[[Path, str], None]
) -> None:
    config, path = configured("files"), tmp_path / "a.txt"
    path.write_text("acb")
    before = path.stat()
    assert cache.text_facts(path, config).sha256 != ABC_DIGEST
    change(path, "abc")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert cache.text_facts(path, config).sha256 == ABC_DIGEST


def test_the_facts_of_a_text_are_its_digest_and_its_lines(
    tmp_path: Path, configured: Callable[..., DataConfig]
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("abc")
    # sha256("abc") is the first example of FIPS 180-2, appendix B.1.
    assert cache.text_facts(path, configured("files")) == cache.TextFacts(ABC_DIGEST, 1)
