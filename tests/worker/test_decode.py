"""Decoding and aligning with a finished run."""

import gzip
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attnbench.config import RunConfig, from_mapping
from attnbench.records import ExitCode, RunFolder
from attnbench.worker import translate
from tests.worker.conftest import COMMAND, run


def test_a_finished_run_translates_as_it_was_tested(finished: RunFolder, tmp_path: Path) -> None:
    source, output = tmp_path / "source.txt", tmp_path / "output.txt"
    maps = finished.maps.required()
    lines = [" ".join(entry.source[:-1]) for entry in maps]
    source.write_text(f"{lines[0]}\n\n{lines[1]}\n")
    assert run(finished, "translate", str(source), str(output)) == ExitCode.FINISHED, finished.log.path.read_text()
    predictions = finished.predictions.path.read_text().splitlines()
    first, second = (predictions[entry.sentence] for entry in maps)
    assert output.read_text() == f"{first}\n\n{second}\n"


def test_nothing_but_the_translation_is_shown(finished: RunFolder, tmp_path: Path) -> None:
    source = tmp_path / "source.txt"
    source.write_text(" ".join(finished.maps.required()[0].source))
    child = subprocess.run(
        [*COMMAND, str(finished.path), "translate", str(source), "-"],
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert child.stderr == ""
    assert len(child.stdout.splitlines()) == 1


def test_compressed_text_with_a_byte_order_mark_is_translated_alike(finished: RunFolder, tmp_path: Path) -> None:
    source, output = tmp_path / "source.txt.gz", tmp_path / "output.txt"
    entry = finished.maps.required()[0]
    source.write_bytes(gzip.compress(f"\ufeff{' '.join(entry.source[:-1])}\r\n".encode()))
    assert run(finished, "translate", str(source), str(output)) == ExitCode.FINISHED, finished.log.path.read_text()
    assert output.read_text().splitlines() == [finished.predictions.path.read_text().splitlines()[entry.sentence]]


def test_a_finished_run_aligns_each_target_word_once(finished: RunFolder, tmp_path: Path) -> None:
    words = finished.maps.required()[0].source[:-1]
    source, output = tmp_path / "pairs.txt", tmp_path / "links.txt"
    source.write_text(f"{' '.join(words)}\t{' '.join(reversed(words))}\n")
    assert run(finished, "align", str(source), str(output)) == ExitCode.FINISHED, finished.log.path.read_text()
    links = [link.split("-") for link in output.read_text().split()]
    assert [int(target) for _, target in links] == list(range(len(words)))
    assert all(0 <= int(source) < len(words) for source, _ in links)


def test_a_refusal_leaves_the_run_as_it_was(finished: RunFolder, tmp_path: Path) -> None:
    source = tmp_path / "pairs.txt"
    source.write_text("one side only\n")
    assert run(finished, "align", str(source), "-") == ExitCode.FAILED
    message = f"Line 1 of {source} has 0 tabs, expected one: source TAB target. Fix the line."
    assert finished.log.path.read_text().splitlines()[-1] == message
    assert finished.finished()


@pytest.mark.parametrize(
    ("task", "attention", "content", "message"),
    [
        (
            "align",
            "none",
            b"a\tb\n",
            "attention=none has no weights to align with. Name a run with an attention mechanism.",
        ),
        (
            "align",
            "bahdanau",
            b"a\tb\na\tb\tc\n",
            "Line 2 of {source} has 2 tabs, expected one: source TAB target. Fix the line.",
        ),
        (
            "translate",
            "none",
            "gut\nsch\u00f6n\n".encode("latin-1"),
            "{source} is not UTF-8: line 2 holds the byte 0xf6. Convert it, for example with iconv -t UTF-8.",
        ),
        (
            "translate",
            "none",
            b"a\n",
            "The run folder run holds no checkpoint to decode with. Train the run again with rerun=all.",
        ),
    ],
)
def test_what_cannot_be_decoded_is_refused_before_the_model_is_built(
    task: str,
    attention: str,
    content: bytes,
    message: str,
    compose: Callable[..., dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from attnbench.worker import translate

    monkeypatch.delattr(translate, "build_model")
    decode: Callable[..., Any] = getattr(translate, task)
    source = tmp_path / "text"
    source.write_bytes(content)
    config = from_mapping(compose(f"attention={attention}"))
    with pytest.raises(ValueError, match=f"^{re.escape(message.format(source=source))}$"):
        decode(RunFolder(tmp_path / "run"), config, source=str(source), output="-")


def test_standard_input_is_named_where_it_cannot_be_read(
    default_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from attnbench.worker.translate import translate

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff")))
    message = "standard input is not UTF-8: line 1 holds the byte 0xff. Convert it, for example with iconv -t UTF-8."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        translate(RunFolder(tmp_path), default_config, source="-", output="-")


def test_a_file_is_replaced_a_link_followed_and_a_pipe_or_device_written_to(tmp_path: Path) -> None:
    file, link, dangling, new, pipe = (tmp_path / name for name in ("file", "link", "dangling", "new", "pipe"))
    file.write_text("old\n")
    link.symlink_to(file)
    dangling.symlink_to(new)
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for path in (link, dangling, pipe):
        translate.write(str(path), ["a b", "c"])
    assert [path.read_text() for path in (file, new)] == ["a b\nc\n"] * 2
    assert (link.is_symlink(), dangling.is_symlink(), pipe.is_fifo()) == (True, True, True)
    assert os.read(reader, 99) == b"a b\nc\n"
    os.close(reader)
