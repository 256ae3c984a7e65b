"""Files are written whole, and what they hold is checked."""

import errno
import math
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from attnbench.config import RunConfig
from attnbench.records import (
    AttentionMap,
    DamagedError,
    Result,
    RunFolder,
    RunIdentity,
    Status,
    read_record,
    write_atomically,
    write_record,
)
from tests import made


def damaged(path: Path, reason: str) -> str:
    """The pattern of the whole message."""
    return f"^{re.escape(f'{path} is damaged: {reason}. Restore it from a copy, or delete it.')}$"


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


def test_equal_records_write_equal_bytes_and_come_back(tmp_path: Path) -> None:
    one, other = made.result({"a": 1.0, "b": 2.0}), made.result({"b": 2.0, "a": 1.0})
    write_record(tmp_path / "one", one)
    write_record(tmp_path / "other", other)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert read_record(tmp_path / "one", Result) == one
    assert read_record(tmp_path / "none", Result) is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"a": 1,', "Expecting property name enclosed in double quotes: line 1 column 9 (char 8)"),
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"[]", "result.json must be a mapping, received []"),
        (b"5", "result.json must be a mapping, received 5"),
        (b"{}", "Missing option 'result.json.task'. Give it a value"),
        (b'{"task": "train", "task": "train"}', "the key 'task' stands twice"),
        (b"[" * 100_000, "maximum recursion depth exceeded while decoding a JSON array from a unicode string"),
    ],
)
def test_a_file_that_holds_no_such_record_is_damaged(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=damaged(path, reason)):
        read_record(path, Result)


@pytest.mark.parametrize(("value", "text"), [(math.inf, "Infinity"), (-math.inf, "-Infinity"), (math.nan, "NaN")])
def test_a_number_that_json_lacks_is_a_string_there_and_comes_back_as_from_older_files(
    tmp_path: Path, value: float, text: str
) -> None:
    path = tmp_path / "result.json"
    write_record(path, made.result({"test/perplexity": value}))
    written = path.read_text()
    assert f'"test/perplexity": "{text}"' in written
    for content in (written, written.replace(f'"{text}"', text)):
        path.write_text(content)
        record = read_record(path, Result)
        assert record is not None
        assert record.metrics["test/perplexity"] == pytest.approx(value, nan_ok=True)


def test_weights_of_another_shape_than_their_tokens_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "maps.json"
    path.write_text('[{"sentence": 5, "source": ["a", "b"], "target": ["c"], "weights": [[1.0, 0.0], [1.0]]}]')
    reason = "the map of sentence 5 must have 1 rows of 2 weights, received rows of [2, 1]"
    with pytest.raises(DamagedError, match=damaged(path, reason)):
        read_record(path, list[AttentionMap])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"metrics": None}, "result.json.metrics must be a mapping, received None"),
        ({"metrics": {"test/bleu": "43"}}, "result.json.metrics.test/bleu must be a number, received '43'"),
        ({"notes": "none"}, "result.json.notes must be a list, received 'none'"),
        ({"duration_seconds": True}, "result.json.duration_seconds must be a number, received True"),
        ({"duration_seconds": math.nan}, "result.json.duration_seconds must be a finite number, received nan"),
        ({"duration_seconds": 10**400}, "int too large to convert to float"),
        ({"status": "DONE"}, f"Unknown result.json.status 'DONE'. Known: {', '.join(Status)}"),
    ],
)
def test_a_value_of_another_type_is_damaged(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    path = tmp_path / "result.json"
    write_record(path, asdict(made.result()) | changes)
    with pytest.raises(DamagedError, match=damaged(path, reason)):
        read_record(path, Result)


def test_a_folder_in_the_place_of_a_file_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.mkdir()
    with pytest.raises(DamagedError, match=damaged(path, "Is a directory")):
        read_record(path, Result)


def test_a_result_may_hold_keys_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_record(path, asdict(made.result()) | {"device": "a processor"})
    assert read_record(path, Result) == made.result()


def test_facts_from_before_the_results_version_was_recorded_are_read(tmp_path: Path) -> None:
    values = asdict(made.identity())
    del values["results_version"]
    write_record(tmp_path / "facts.json", values)
    assert read_record(tmp_path / "facts.json", RunIdentity) == made.identity(results_version=None)


def test_a_configuration_may_hold_no_unknown_option(tmp_path: Path, default_config: RunConfig) -> None:
    folder = RunFolder(tmp_path)
    write_record(folder.config.path, asdict(default_config) | {"hiden_size": 5})
    reason = "Unknown option 'config.json.hiden_size'. Did you mean 'hidden_size'?"
    with pytest.raises(DamagedError, match=damaged(folder.config.path, reason)):
        folder.config.read()


def test_a_required_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    path = RunFolder(tmp_path).facts.path
    message = f"{path} is missing. Restore it from a copy, or delete its folder."
    with pytest.raises(DamagedError, match=f"^{re.escape(message)}$"):
        RunFolder(tmp_path).facts.required()
