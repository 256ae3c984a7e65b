"""Checks of what a user asks for, each with a sentence that says what to do."""

import difflib
import math
from collections.abc import Iterable


def suggestion(name: str, known: Iterable[str]) -> str:
    """Returns ` Did you mean 'x'?` for the known name nearest to `name`, or nothing where none is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean '{near[0]}'?" if near else ""


def check_choice(key: str, value: object, known: Iterable[str]) -> None:
    """Raises ValueError unless `value` is one of `known`, naming the nearest."""
    known = tuple(known)
    if value not in known:
        raise ValueError(f"Unknown {key} {value!r}. Known: {', '.join(known)}.{suggestion(str(value), known)}")


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


def check_finite(key: str, value: float) -> None:
    """Raises ValueError for infinity and for what is no number."""
    if not math.isfinite(value):
        raise ValueError(f"{key} must be a finite number, received {value!r}.")


def check_fraction(key: str, value: float) -> None:
    """Raises ValueError unless 0 <= `value` < 1."""
    if not 0 <= value < 1:
        raise ValueError(f"{key} must be at least 0 and below 1, received {value!r}.")
