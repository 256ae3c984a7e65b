"""Checks of what a user asks for, each with a sentence that says what to do."""

import difflib
import math
from collections.abc import Iterable


def suggestion(name: str, choices: Iterable[str]) -> str:
    """Returns ` Did you mean 'x'?` for the choice nearest to `name`, or nothing where none is near."""
    near = difflib.get_close_matches(name, list(choices), n=1, cutoff=0.5)
    return f" Did you mean '{near[0]}'?" if near else ""


def check_choice(key: str, value: object, choices: Iterable[str]) -> None:
    """Raises ValueError unless `value` is one of `choices`, naming the nearest."""
    choices = tuple(choices)
    if value not in choices:
        raise ValueError(f"Unknown {key} {value!r}. Known: {', '.join(choices)}.{suggestion(str(value), choices)}")


def check_named(key: str, value: str) -> None:
    """Raises ValueError where a name is empty: tables, folders and tags would lack it."""
    if not value.strip():
        raise ValueError(f"{key} is empty. Give it a name.")


def check_positive(key: str, value: float) -> None:
    """Raises ValueError unless `value` is greater than zero."""
    if not value > 0:
        raise ValueError(f"{key} must be positive, received {value!r}. Give a value greater than 0.")


def check_not_negative(key: str, value: float) -> None:
    """Raises ValueError unless `value` is at least zero."""
    if not value >= 0:
        raise ValueError(f"{key} must be at least 0, received {value!r}.")


def check_seed(key: str, value: int) -> None:
    """Raises ValueError unless `value` is an int32 of at least 0, as generators on a device take it."""
    if not 0 <= value < 2**31:
        raise ValueError(f"{key} must be from 0 to {2**31 - 1}, received {value!r}.")


def check_finite(key: str, value: float) -> None:
    """Raises ValueError for infinity and NaN."""
    if not math.isfinite(value):
        raise ValueError(f"{key} must be a finite number, received {value!r}.")


def check_fraction(key: str, value: float) -> None:
    """Raises ValueError unless 0 <= `value` < 1."""
    if not 0 <= value < 1:
        raise ValueError(f"{key} must be at least 0 and below 1, received {value!r}.")
