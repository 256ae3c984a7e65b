"""The folder of a run: its files, its lock, its status."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from attnbench.config import RunConfig
from attnbench.records.events import Event, StatusEvent, append_event, last_outcome, read_events
from attnbench.records.facts import RunIdentity
from attnbench.records.files import DamagedError, read_record, write_record
from attnbench.records.locks import Lock, acquire
from attnbench.records.result import AttentionMap, Forecast, Progress, Result, Round
from attnbench.records.status import Outcome, Reason, Status

Content = TypeVar("Content")


class Artifact(Enum):
    """When a file of a run becomes an artifact of its MLflow run."""

    NEVER = 0
    FINISHED = 1
    ALWAYS = 2


@dataclass(frozen=True)
class StoredFile(Generic[Content]):
    """A file in one run's folder."""

    path: Path
    holds: Any

    def exists(self) -> bool:
        """Whether it is there."""
        return self.path.exists()

    def read(self) -> Content | None:
        """Its content; None where it is absent.

        Raises:
            DamagedError: it holds something else.
        """
        content: Content | None = read_record(self.path, self.holds)
        return content

    def required(self) -> Content:
        """Its content.

        Raises:
            DamagedError: it holds something else, or is absent.
        """
        content = self.read()
        if content is None:
            raise DamagedError(f"{self.path} is missing. Restore it from a copy, or delete its folder.")
        return content

    def write(self, content: Content) -> None:
        """Replaces it."""
        write_record(self.path, content)


class RunFile(Generic[Content]):
    """A file of every run's folder: its name, the type of its JSON, and what else uses it.

    Args:
        name: in the folder.
        holds: type of its content, where that is a record.
        artifact: when MLflow gets it.
        reported: whether the report reads it.
    """

    def __init__(
        self,
        name: str,
        holds: type[Content] | Any = None,
        *,
        artifact: Artifact = Artifact.NEVER,
        reported: bool = False,
    ) -> None:
        self.name, self.holds, self.artifact, self.reported = name, holds, artifact, reported

    @overload
    def __get__(self, folder: None, owner: Any) -> "RunFile[Content]": ...

    @overload
    def __get__(self, folder: "RunFolder", owner: Any) -> StoredFile[Content]: ...

    def __get__(self, folder: "RunFolder | None", owner: Any) -> "RunFile[Content] | StoredFile[Content]":
        return self if folder is None else StoredFile(folder.path / self.name, self.holds)


@dataclass(frozen=True)
class RunFolder:
    """One run's folder; knows its files, holds no state."""

    path: Path

    # The resolved configuration, and what else identifies the run; both frozen before it starts.
    config = RunFile[RunConfig]("config.json", RunConfig, artifact=Artifact.ALWAYS, reported=True)
    facts = RunFile[RunIdentity]("facts.json", RunIdentity, artifact=Artifact.ALWAYS, reported=True)
    # Held by the process that works here.
    held = RunFile[None]("lock")
    # What happens, and where the run is just now: replaced up to twice a second, never kept.
    events = RunFile[None]("events.jsonl")
    progress = RunFile[Progress]("progress.json", Progress)
    # The process's standard output and error.
    log = RunFile[None]("run.log", artifact=Artifact.ALWAYS)
    # Where a killed run resumes, and the best weights so far.
    last_checkpoint = RunFile[None]("checkpoint/last.npz")
    best_checkpoint = RunFile[None]("checkpoint/best.npz", artifact=Artifact.FINISHED)
    # Complete when the run has finished, absent before.
    result = RunFile[Result]("result.json", Result, artifact=Artifact.FINISHED, reported=True)
    # Per test sentence: source tokens and BLEU statistics, no text; the hypotheses; weights of chosen sentences.
    sentences = RunFile[None]("sentences.csv", artifact=Artifact.FINISHED, reported=True)
    predictions = RunFile[None]("predictions.txt", artifact=Artifact.FINISHED)
    maps = RunFile[list[AttentionMap]]("maps.json", list[AttentionMap], artifact=Artifact.FINISHED, reported=True)
    # How text becomes ids and back, for decoding with the checkpoint.
    vocabularies = RunFile[dict[str, Any]]("vocabularies.json", dict[str, Any], artifact=Artifact.FINISHED)
    # What each round of a profile measured, and what a long one was forecast to need before its first round.
    rounds = RunFile[list[Round]]("rounds.json", list[Round], artifact=Artifact.FINISHED)
    forecast = RunFile[Forecast]("forecast.json", Forecast, artifact=Artifact.FINISHED)
    # What each MLflow store has of the run, and the lock of who sends it.
    tracking = RunFile[dict[str, Any]]("tracking.json", dict[str, Any])
    sending = RunFile[None]("tracking.lock")

    @classmethod
    def files(cls) -> list[RunFile[Any]]:
        """Every file, in the order of the list above."""
        return [file for file in vars(cls).values() if isinstance(file, RunFile)]

    def finished(self) -> bool:
        """Whether there is a complete result; one that cannot be read is none."""
        try:
            result = self.result.read()
        except DamagedError:
            return False
        return result is not None and result.status == Status.FINISHED

    def lock(self) -> Lock | None:
        """Takes the folder's lock for this process; None where another holds it."""
        return acquire(self.held.path)

    def locked(self) -> bool:
        """Whether a living process works in this folder."""
        if not self.held.exists():
            return False
        lock = self.lock()
        if lock is None:
            return True
        lock.release()
        return False

    def remove_leftovers(self) -> None:
        """Removes what kills have left of files that were being written; the caller holds the lock.

        tracking.json is left out: who sends a run to a store need not hold the lock.
        """
        for path in (*self.path.glob(".*.*"), *self.path.glob("*/.*.*")):
            name, _, process = path.name.rpartition(".")
            if process.isdecimal() and name != f".{RunFolder.tracking.name}":
                path.unlink(missing_ok=True)

    def append(self, event: Event) -> None:
        """Appends one event."""
        append_event(self.events.path, event)

    def record(self, outcome: Outcome) -> None:
        """Appends a status event."""
        self.append(StatusEvent(outcome.status, outcome.reason))

    def read_events(self) -> Sequence[Event]:
        """The events so far, in order."""
        return read_events(self.events.path)[0]

    def outcome(self) -> Outcome:
        """The last status and its reason; SCHEDULED where nothing has started.

        A run that says it has finished and whose result can no longer be read is KILLED.
        """
        last = last_outcome(self.read_events()) or Outcome(Status.SCHEDULED)
        lost = last.status == Status.FINISHED and not self.finished()
        return Outcome(Status.KILLED, Reason.RESULT_LOST) if lost else last

    def with_need(self, reason: str) -> str:
        """`reason` for which the run failed, and what it was forecast to need of that; the reason alone without one."""
        forecast = self.forecast.read()
        need = forecast.needs.get(reason) if forecast else None
        return f"{reason}: {need}" if need else reason
