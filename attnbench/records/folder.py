"""The folder of a run: its files, its lock, its status."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Generic, cast

from attnbench.config import RunConfig
from attnbench.records.events import Event, StatusEvent, append_event, last_outcome, read_events
from attnbench.records.facts import RunIdentity
from attnbench.records.files import Content, DamagedError, read_record, write_record
from attnbench.records.locks import Lock, acquire
from attnbench.records.result import AttentionMap, Forecast, Progress, Result, Round, Vocabularies
from attnbench.records.sent import Sent
from attnbench.records.status import Outcome, Reason, Status


class Artifact(Enum):
    """When a file of a run becomes an artifact of its MLflow run."""

    NEVER = 0
    FINISHED = 1
    ALWAYS = 2


@dataclass(frozen=True)
class RunFile(Generic[Content]):
    """A file of every run's folder; as an attribute of a `RunFolder`, the file in that folder.

    Attributes:
        name: in the folder.
        holds: type of its JSON; None where its content is not a record.
        artifact: when MLflow gets it.
        reported: whether the report reads it.
        folder: the run's.
    """

    name: str
    holds: type[Content] | None = None
    artifact: Artifact = Artifact.NEVER
    reported: bool = False
    folder: Path = Path()

    def __get__(self, folder: "RunFolder | None", owner: Any) -> "RunFile[Content]":
        return self if folder is None else replace(self, folder=folder.path)

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / self.name

    def exists(self) -> bool:
        """Whether the folder has it."""
        return self.path.exists()

    def read(self) -> Content | None:
        """Its content; None where it is absent.

        Raises:
            DamagedError: it holds something else.
        """
        return read_record(self.path, cast(type[Content], self.holds))

    def required(self) -> Content:
        """Its content.

        Raises:
            DamagedError: it holds something else, or is absent.
        """
        content = self.read()
        if content is None:
            raise DamagedError(f"{self.path} is missing. Restore it from a copy, or delete its folder.")
        return content

    def write(self, content: Content, *, durable: bool = True) -> None:
        """Replaces it; `durable` as for `write_atomically`."""
        write_record(self.path, content, durable=durable)


@dataclass(frozen=True)
class RunFolder:
    """One run's folder; knows its files, holds no state."""

    path: Path

    # The resolved configuration, and what else identifies the run; both frozen before it starts.
    config = RunFile("config.json", RunConfig, artifact=Artifact.ALWAYS, reported=True)
    facts = RunFile("facts.json", RunIdentity, artifact=Artifact.ALWAYS, reported=True)
    # Held by the process that does the run.
    held = RunFile[None]("lock")
    # What happens, and how far the run is just now: replaced up to twice a second, never kept.
    events = RunFile[None]("events.jsonl")
    progress = RunFile("progress.json", Progress)
    # The process's standard output and error.
    log = RunFile[None]("run.log", artifact=Artifact.ALWAYS)
    # Where a killed run resumes, and the best weights so far.
    last_checkpoint = RunFile[None]("checkpoint/last.npz")
    best_checkpoint = RunFile[None]("checkpoint/best.npz", artifact=Artifact.FINISHED)
    # Complete when the run has finished, absent before.
    result = RunFile("result.json", Result, artifact=Artifact.FINISHED, reported=True)
    # Numbers of each test sentence, and of each pair with gold links; the hypotheses; weights of chosen sentences.
    sentences = RunFile[None]("sentences.csv", artifact=Artifact.FINISHED, reported=True)
    alignments = RunFile[None]("alignments.csv", artifact=Artifact.FINISHED, reported=True)
    predictions = RunFile[None]("predictions.txt", artifact=Artifact.FINISHED)
    maps = RunFile("maps.json", list[AttentionMap], artifact=Artifact.FINISHED, reported=True)
    # How text becomes ids and back, for decoding with the checkpoint.
    vocabularies = RunFile("vocabularies.json", Vocabularies, artifact=Artifact.FINISHED)
    # What each round of a profile measured, and what a long one was forecast to need before its first round.
    rounds = RunFile("rounds.json", list[Round], artifact=Artifact.FINISHED)
    forecast = RunFile("forecast.json", Forecast, artifact=Artifact.FINISHED)
    # What each MLflow store has of the run, and the lock of the process that sends it.
    tracking = RunFile("tracking.json", dict[str, Sent])
    sending = RunFile[None]("tracking.lock")

    @classmethod
    def files(cls) -> list[RunFile[Any]]:
        """Every file, in the order of the list above."""
        return [file for file in vars(cls).values() if isinstance(file, RunFile)]

    def started(self) -> bool:
        """Whether a process has worked on the run."""
        return self.events.exists() or self.result.exists()

    def finished(self) -> bool:
        """Whether there is a complete result; a damaged one does not count."""
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

        tracking.json is skipped: a process that sends a run to a store need not hold the lock.
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

        A FINISHED run whose result can no longer be read is KILLED.
        """
        last = last_outcome(self.read_events()) or Outcome(Status.SCHEDULED)
        lost = last.status == Status.FINISHED and not self.finished()
        return Outcome(Status.KILLED, Reason.RESULT_LOST) if lost else last

    def require_identity(self) -> RunIdentity:
        """What the run is, which whoever uses its result has to know.

        Raises:
            DamagedError: config.json or facts.json holds something else, or is absent.
        """
        self.config.required()
        return self.facts.required()

    def with_need(self, reason: str) -> str:
        """`reason` for which the run failed, and how much it was forecast to need where there is a forecast."""
        forecast = self.forecast.read()
        need = forecast.needs.get(reason) if forecast else None
        return f"{reason}: {need}" if need else reason


def run_folders(runs_dir: Path) -> list[RunFolder]:
    """The folders in `runs_dir` that hold a file by which a run is known, by name."""
    folders = [RunFolder(path) for path in sorted(runs_dir.glob("*/"))]
    return [folder for folder in folders if folder.config.exists() or folder.facts.exists() or folder.started()]
