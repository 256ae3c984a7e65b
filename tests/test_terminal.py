"""Printing where nobody reads."""

import os
import sys

import pytest

from attnbench.terminal import forgiving_streams


def test_what_is_printed_to_a_reader_that_has_left_goes_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with forgiving_streams():
            print("one")
            print("two", flush=True)
            print("three")
        assert sys.stdout is stream


def test_what_is_printed_to_a_reader_arrives(capsys: pytest.CaptureFixture[str]) -> None:
    with forgiving_streams():
        print("one")
        print("two", file=sys.stderr)
    assert capsys.readouterr() == ("one\n", "two\n")
