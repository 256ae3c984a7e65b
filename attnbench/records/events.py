"""events.jsonl: what happens to a run, one event a line, appended in order by its process or by the parent."""

import dataclasses
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from attnbench.mapping import build
from attnbench.records.files import Finite, from_json, reading, to_json
from attnbench.records.status import Outcome, Status


@dataclass(frozen=True)
class StatusEvent:
    """The run's status from `time` on, seconds since 1970."""

    status: Status
    reason: str = ""
    time: Finite = field(default_factory=time.time)

    @property
    def outcome(self) -> Outcome:
        """The status and its reason."""
        return Outcome(self.status, self.reason)


@dataclass(frozen=True)
class MetricsEvent:
    """Points of histories, by metric key, at an optimiser step."""

    step: int
    values: dict[str, float]
    time: Finite = field(default_factory=time.time)


Event = StatusEvent | MetricsEvent
_KINDS: dict[str, type[StatusEvent] | type[MetricsEvent]] = {"status": StatusEvent, "metrics": MetricsEvent}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def append_event(path: Path, event: Event) -> None:
    """Appends `event` on a line of its own, even where a kill has cut the line before."""
    line = to_json({"type": _NAMES[type(event)], **dataclasses.asdict(event)})
    with path.open("ab+") as file:
        if file.tell() and not _ends_a_line(file):
            line = f"\n{line}"
        file.write(f"{line}\n".encode())


def read_events(path: Path, offset: int = 0) -> tuple[list[Event], int]:
    """The events of the whole lines from byte `offset` on, and where those lines end.

    A file that has become shorter than `offset` is read from its beginning. A line that a kill or a full disk has cut
    is skipped, and so are events of a kind that this version does not know.

    Raises:
        DamagedError: the file cannot be read, or a line holds something else than an event.
    """
    with reading(path):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return [], 0
        start = offset if offset <= len(content) else 0
        end = content.rfind(b"\n") + 1
        lines = content[start:end].splitlines()
        return [event for line in lines if (event := _parsed(line)) is not None], max(start, end)


def _parsed(line: bytes) -> Event | None:
    try:
        values = from_json(line)
    except ValueError:
        return None
    if not isinstance(values, dict) or not isinstance(values.get("type"), str):
        raise ValueError(f"a line holds no event: {line[:60].decode(errors='replace')}")
    kind = _KINDS.get(values.pop("type"))
    return None if kind is None else build(kind, values, "")


def last_outcome(events: Sequence[Event]) -> Outcome | None:
    """The last status among `events` and its reason; None where there is none."""
    return next((event.outcome for event in reversed(events) if isinstance(event, StatusEvent)), None)


def _ends_a_line(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
