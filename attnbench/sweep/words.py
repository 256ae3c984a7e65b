"""Durations and statuses as a terminal shows them."""

from attnbench.records import Outcome, Status

_COLOURS = {Status.FINISHED: "green", Status.FAILED: "red", Status.KILLED: "yellow", Status.ELSEWHERE: "cyan"}
_WORDS = {Status.SCHEDULED: "new", Status.AGAIN: "measured"}


def duration(seconds: float) -> str:
    """Seconds as `0:07`, `12:34` or `1:02:03`."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def status_words(outcome: Outcome) -> str:
    """`finished`, or `failed (out of memory)`."""
    word = _WORDS.get(outcome.status, outcome.status.lower())
    return f"{word} ({outcome.reason})" if outcome.reason else word


def colour_of(status: Status) -> str:
    """The colour of a status on a terminal."""
    return _COLOURS.get(status, "default")
