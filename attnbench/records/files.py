"""Files that a reader, or a kill, sees whole: written atomically, checked when they are read."""

import dataclasses
import json
import os
import uuid
from pathlib import Path
from typing import Any

from attnbench.mapping import typed


class DamagedError(ValueError):
    """A file does not hold what it was written with."""


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replaces `path` by `content` so that a reader, or a kill, sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().int}")
    data = content.encode() if isinstance(content, str) else content
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_record(path: Path, record: Any) -> None:
    """Writes dataclasses and plain values as canonical, readable JSON, atomically; equal records give equal bytes."""
    text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False, default=dataclasses.asdict)
    write_atomically(path, f"{text}\n")


def read_record(path: Path, kind: Any) -> Any:
    """The record that `path` holds, or None where there is no such file.

    Args:
        path: a file that `write_record` wrote.
        kind: the type of its content: a dataclass, or a list or dictionary of plain values or dataclasses.

    Raises:
        DamagedError: the file cannot be read, or holds something else.
    """
    try:
        return typed(kind, json.loads(path.read_text(encoding="utf-8")), path.name)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DamagedError(
            f"{path} is damaged: {str(error).rstrip('.')}. Restore it from a copy, or delete it."
        ) from error
