"""Files that a reader, or a kill, sees whole: written atomically, checked when they are read."""

import dataclasses
import json
import os
import uuid
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from attnbench.mapping import typed

Content = TypeVar("Content")


class DamagedError(ValueError):
    """A file does not hold what it was written with, or is missing."""

    @classmethod
    def of(cls, path: Path, error: Exception) -> "DamagedError":
        """The error for a file whose content gave `error`."""
        return cls(f"{path} is damaged: {str(error).rstrip('.')}. Restore it from a copy, or delete it.")


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


def write_record(path: Path, record: Any, *, durable: bool = True) -> None:
    """Writes `to_json(record)` atomically."""
    write_atomically(path, to_json(record), durable=durable)


def to_json(record: Any) -> bytes:
    """Dataclasses and plain values as canonical, readable JSON; equal records give equal bytes."""
    text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False, default=dataclasses.asdict)
    return f"{text}\n".encode()


def read_record(path: Path, kind: type[Content]) -> Content | None:
    """The record that `path` holds, or None where there is no such file.

    Args:
        path: a file that `write_record` wrote.
        kind: the type of its content: a dataclass, or a list or dictionary of plain values or dataclasses.

    Raises:
        DamagedError: the file cannot be read, or holds something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(kind, type) and issubclass(kind, OpenRecord) and isinstance(values, dict):
            known = get_type_hints(kind)
            values = {key: value for key, value in values.items() if key in known}
        record: Content = typed(kind, values, path.name)
        return record
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DamagedError.of(path, error) from error
