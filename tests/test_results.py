"""The run folder: what a kill leaves is read for what it is."""

import errno
import os
import re
from pathlib import Path

import pytest

from attnbench.results import DamagedError, RunFolder, read_json, write_atomically, write_json


def test_an_event_after_a_cut_line_is_a_line_of_its_own(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.append("status", status="RUNNING")
    with folder.events.open("a") as file:
        file.write('{"type": "metr')
    folder.append("status", status="KILLED", reason="parent died")
    assert [event["status"] for event in folder.read_events()] == ["RUNNING", "KILLED"]
    assert folder.status() == ("KILLED", "parent died")


def test_a_folder_in_which_nothing_has_started_has_no_status(tmp_path: Path) -> None:
    assert RunFolder(tmp_path / "new").status() == (None, "")


def test_a_run_is_finished_when_its_result_says_so(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert not folder.finished()
    write_json(folder.result, {"status": "FINISHED"})
    assert folder.finished()


@pytest.mark.parametrize("content", ['{"status": "FINI', '{"metrics": {}}', "[]", "\xff"])
def test_a_run_whose_result_cannot_be_read_has_not_finished(tmp_path: Path, content: str) -> None:
    folder = RunFolder(tmp_path)
    folder.append("status", status="FINISHED")
    folder.result.write_bytes(content.encode("latin-1"))
    assert not folder.finished()
    assert folder.status() == ("KILLED", "result lost")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"a": 1,', "Expecting property name enclosed in double quotes: line 1 column 9 (char 8)"),
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "facts.json"
    path.write_bytes(content)
    message = f"{path} is damaged: {reason}. Restore it from a copy, or delete it."
    with pytest.raises(DamagedError, match=f"^{re.escape(message)}$"):
        read_json(path)


def test_a_lock_holds_until_its_descriptor_is_closed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    assert not folder.locked()
    descriptor = folder.lock()
    assert descriptor is not None
    assert folder.lock() is None
    assert folder.locked()
    os.close(descriptor)
    assert not folder.locked()


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_atomically(path, "first")
    write_atomically(path, "ö")
    assert path.read_bytes() == "ö".encode()
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "b.txt"
    write_atomically(path, "old")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match=r"^\[Errno 28\] No space left on device$"):
        write_atomically(path, "new")
    assert [file.name for file in tmp_path.iterdir()] == ["b.txt"]
    assert path.read_text() == "old"


def test_what_a_kill_left_half_written_is_removed_but_for_what_is_written_without_the_lock(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.checkpoints.mkdir()
    kept = [".tracking.json.7", "config.json", "checkpoint/last.npz"]
    for name in (*kept, ".config.json.7", "checkpoint/.last.npz.11"):
        (tmp_path / name).touch()
    folder.remove_remains()
    files = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(files) == sorted(kept)


def test_the_same_value_writes_the_same_bytes(tmp_path: Path) -> None:
    write_json(tmp_path / "x", {"b": 1, "a": [2]})
    write_json(tmp_path / "y", {"a": [2], "b": 1})
    assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()
    assert read_json(tmp_path / "x") == {"a": [2], "b": 1}
    assert read_json(tmp_path / "z") is None


def test_a_folder_has_no_other_files(tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match=r"^results$"):
        _ = RunFolder(tmp_path).results
