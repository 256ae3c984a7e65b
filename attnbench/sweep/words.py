"""Numbers, durations and statuses as a reader wants them."""

from attnbench.records import Outcome, Status

_COLOURS = {Status.FINISHED: "green", Status.FAILED: "red", Status.KILLED: "yellow", Status.ELSEWHERE: "cyan"}
_WORDS = {Status.AGAIN: "measured"}


def duration(seconds: float) -> str:
    """Seconds as `0:07`, `12:34` or `1:02:03`."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def count(number: float) -> str:
    """A count with its thousands apart: 5400.2 is `5,400`."""
    return f"{round(number):,}"


def one_decimal(number: float) -> str:
    """43.04 is `43.0`."""
    return f"{number:.1f}"


def megabytes(size_bytes: float) -> str:
    """Bytes in units of a million: `123`, below ten `1.2`."""
    size = size_bytes / 1e6
    return one_decimal(size) if size < 10 else count(size)


def counted(number: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def status_words(outcome: Outcome) -> str:
    """`finished`, or `failed (out of memory)`."""
    word = _WORDS.get(outcome.status, outcome.status.lower())
    return f"{word} ({outcome.reason})" if outcome.reason else word


def colour_of(status: Status) -> str:
    """The colour of a status on a terminal."""
    return _COLOURS.get(status, "default")
