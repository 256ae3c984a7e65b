"""events.jsonl: what a kill or another version leaves is read for what it is."""

import re
from pathlib import Path

import pytest

from attnbench.records import DamagedError, MetricsEvent, Outcome, RunFolder, Status, StatusEvent
from attnbench.records.events import Event, read_events
from tests import made


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run that has just started."""
    folder = RunFolder(tmp_path)
    folder.record(Outcome(Status.RUNNING))
    return folder


def add(folder: RunFolder, text: str) -> None:
    """Appends `text` to the events as it is."""
    with folder.events.path.open("a") as file:
        file.write(text)


def test_events_come_back_in_order(folder: RunFolder) -> None:
    events: list[Event] = [
        MetricsEvent(3, {"train/loss": 0.5}, time=7.0),
        StatusEvent(Status.FAILED, "time limit", time=11.0),
    ]
    for event in events:
        folder.append(event)
    assert folder.read_events()[1:] == events


def test_an_event_after_a_cut_line_is_a_line_of_its_own(folder: RunFolder) -> None:
    add(folder, '{"type": "metr')
    folder.record(Outcome(Status.KILLED, "parent died"))
    assert made.statuses(folder) == [Status.RUNNING, Status.KILLED]


def test_a_line_that_is_being_written_is_read_when_it_is_whole(folder: RunFolder) -> None:
    _, end = read_events(folder.events.path)
    add(folder, '{"type": "metrics", "step": 3, "values"')
    assert read_events(folder.events.path, end) == ([], end)
    add(folder, ': {"train/loss": 0.5}, "time": 7.0}\n')
    events, later = read_events(folder.events.path, end)
    assert events == [MetricsEvent(3, {"train/loss": 0.5}, time=7.0)]
    assert later == folder.events.path.stat().st_size
    assert read_events(folder.events.path, later) == ([], later)


def test_a_file_that_has_become_shorter_is_read_from_its_beginning(folder: RunFolder) -> None:
    events, end = read_events(folder.events.path)
    assert read_events(folder.events.path, end + 1) == (events, end)


def test_events_of_a_kind_of_another_version_are_skipped(folder: RunFolder) -> None:
    add(folder, '{"type": "artifact", "name": "maps.json", "time": 7.0}\n')
    folder.append(MetricsEvent(3, {}, time=11.0))
    assert [type(event) for event in folder.read_events()] == [StatusEvent, MetricsEvent]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"a":1}', 'a line holds no event: {"a":1}'),
        ("[]", "a line holds no event: []"),
        ('{"type": 5}', 'a line holds no event: {"type": 5}'),
        ('{"type": "status", "status": "FAILED", "time": NaN}', "time must be a finite number, received nan"),
        ('{"type": "status"}', "Missing option 'status'. Give it a value"),
        ('{"type": "metrics", "step": 3, "values": {"a": null}}', "values.a must be a number, received None"),
    ],
)
def test_a_whole_line_that_is_no_event_is_damage(folder: RunFolder, line: str, reason: str) -> None:
    add(folder, f"{line}\n")
    message = f"{folder.events.path} is damaged: {reason}. Restore it from a copy, or delete it."
    with pytest.raises(DamagedError, match=f"^{re.escape(message)}$"):
        folder.read_events()


def test_a_folder_in_the_place_of_the_events_is_damage(tmp_path: Path) -> None:
    path = RunFolder(tmp_path).events.path
    path.mkdir()
    message = f"{path} is damaged: Is a directory. Restore it from a copy, or delete it."
    with pytest.raises(DamagedError, match=f"^{re.escape(message)}$"):
        RunFolder(tmp_path).read_events()
