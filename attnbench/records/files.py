"""Files that a reader, or a kill, sees whole: written atomically, checked when they are read."""

import csv
import dataclasses
import json
import math
import os
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

from attnbench.checks import check_finite
from attnbench.mapping import typed

Content = TypeVar("Content")
Finite = Annotated[float, check_finite]


class DamagedError(ValueError):
    """A file does not hold what it was written with, or is missing."""

    @classmethod
    def of(cls, path: Path, error: Exception) -> "DamagedError":
        """The error for a file whose content gave `error`."""
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).rstrip(".")
        return cls(f"{path} is damaged: {reason}. Restore it from a copy, or delete it.")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raises DamagedError for whatever shows in the body that `path` does not hold what it should."""
    try:
        yield
    except DamagedError:
        raise
    except (OSError, EOFError, ValueError, OverflowError, RecursionError, csv.Error, zlib.error) as error:
        raise DamagedError.of(path, error) from error


class OpenRecord:
    """A record whose file may hold further keys, which another version wrote; they are ignored.

    Other records are read exactly: an unknown option of a configuration would change what the run is.
    """


def write_atomically(path: Path, content: str | bytes, *, durable: bool = True) -> None:
    """Replaces `path` by `content` so that a reader, or a kill, sees the old file or the new one, never a part.

    Args:
        path: the file; its folder is made if it is missing.
        content: text is written as UTF-8.
        durable: whether the content also survives a power cut, which costs a write to the disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().int}")
    data = content.encode() if isinstance(content, str) else content
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Dataclasses and plain values as canonical JSON: equal values give equal texts.

    JSON has finite numbers only; the others become the strings `NaN`, `Infinity` and `-Infinity`, which
    `mapping.typed` takes for numbers.
    """
    return json.dumps(_plain(value), indent=indent, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return json.dumps(value) if isinstance(value, float) and not math.isfinite(value) else value


def from_json(text: str | bytes) -> Any:
    """The value of a JSON text; raises ValueError or RecursionError for any other, and for a key that stands twice."""
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice")
    return values


def write_record(path: Path, record: Any, *, durable: bool = True) -> None:
    """Writes `record_json(record)` atomically."""
    write_atomically(path, record_json(record), durable=durable)


def record_json(record: Any) -> bytes:
    """Dataclasses and plain values as the JSON of a file, which people can read; equal records give equal bytes."""
    return f"{to_json(record, indent=1)}\n".encode()


def read_record(path: Path, kind: type[Content]) -> Content | None:
    """The record that `path` holds, or None where there is no such file.

    Args:
        path: a file that `write_record` wrote.
        kind: the type of its content: a dataclass, or a list or dictionary of plain values or dataclasses.

    Raises:
        DamagedError: the file cannot be read, or holds something else.
    """
    with reading(path):
        try:
            values = from_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        if isinstance(kind, type) and issubclass(kind, OpenRecord) and isinstance(values, dict):
            known = get_type_hints(kind)
            values = {key: value for key, value in values.items() if key in known}
        record: Content = typed(kind, values, path.name)
        return record
