"""Numbers, durations and statuses in words."""

import pytest

from attnbench.records import Outcome, Status
from attnbench.sweep.words import count, counted, duration, megabytes, one_decimal, status_words


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03")]
)
def test_durations_read_as_clocks_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_numbers_keep_what_a_reader_needs() -> None:
    assert (count(999.5), count(1234567.4)) == ("1,000", "1,234,567")
    assert (one_decimal(43.04), megabytes(1.24e6), megabytes(123.4e6)) == ("43.0", "1.2", "123")
    assert (counted(1, "run"), counted(2, "run")) == ("1 run", "2 runs")


def test_a_status_says_its_reason() -> None:
    assert status_words(Outcome(Status.FINISHED)) == "finished"
    assert status_words(Outcome(Status.FAILED, "out of memory")) == "failed (out of memory)"
    assert status_words(Outcome(Status.ELSEWHERE)) == "running elsewhere"
