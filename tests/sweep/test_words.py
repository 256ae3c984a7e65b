"""Durations and statuses in words."""

import pytest

from attnbench.records import Outcome, Status
from attnbench.sweep.words import duration, status_words


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03")]
)
def test_durations_read_as_clocks_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_status_says_its_reason() -> None:
    assert status_words(Outcome(Status.FINISHED)) == "finished"
    assert status_words(Outcome(Status.FAILED, "out of memory")) == "failed (out of memory)"
    assert status_words(Outcome(Status.ELSEWHERE)) == "running elsewhere"
