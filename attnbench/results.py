"""The folder of a run: what each file in it is, how it is written so that a kill loses nothing, and how it is read.

config.json      the resolved configuration, frozen before the run starts
facts.json       what else identifies the run: digests, versions, device model, threads; and its provenance
lock             held by the child while it works
events.jsonl     one event a line, in order: statuses, metrics (with step), artifacts
progress.json    where the run is just now; replaced up to twice a second, never kept
run.log          the child's standard output and error
checkpoint/      last.npz goes on from a kill; best.npz holds the best weights
result.json      complete when the run has FINISHED; absent before
sentences.csv    per test sentence: source tokens and BLEU statistics, no text
predictions.txt  the hypotheses of the test set, one a line
maps.json        attention weights of chosen test sentences
vocabularies.json  how text becomes ids and back, for decoding with the checkpoint
rounds.json      what each round of a profile measured
forecast.json    what a long profile was forecast to need before its first round
tracking.json    what each store has of the run, and tracking.lock beside it while somebody sends
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

RUNNING, FINISHED, FAILED, KILLED = "RUNNING", "FINISHED", "FAILED", "KILLED"

RESULT_LOST = "result lost"
"""Why a run is KILLED that said it had finished."""


class DamagedError(ValueError):
    """A file does not hold what it was written with."""


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replaces `path` by `content` so that a reader, or a kill, sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    data = content.encode() if isinstance(content, str) else content
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Writes `value` as canonical, readable JSON, atomically; the same value writes the same bytes."""
    write_atomically(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Returns the value that `path` holds, or None where there is no such file.

    Raises:
        DamagedError: it holds no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DamagedError(f"{path} is damaged: {error}. Restore it from a copy, or delete it.") from error


@dataclass(frozen=True)
class RunFolder:
    """One run's folder; knows its files, holds no state."""

    path: Path

    def __getattr__(self, name: str) -> Path:
        files = {
            "config": "config.json",
            "facts": "facts.json",
            "events": "events.jsonl",
            "progress": "progress.json",
            "log": "run.log",
            "checkpoints": "checkpoint",
            "result": "result.json",
            "sentences": "sentences.csv",
            "predictions": "predictions.txt",
            "maps": "maps.json",
            "vocabularies": "vocabularies.json",
            "rounds": "rounds.json",
            "forecast": "forecast.json",
        }
        if name not in files:
            raise AttributeError(name)
        return self.path / files[name]

    def with_need(self, reason: str) -> str:
        """`reason` for which the run failed, and what it was forecast to need of that; the reason alone without one."""
        need = (read_json(self.forecast) or {}).get("needs", {}).get(reason)
        return f"{reason}: {need}" if need else reason

    def finished(self) -> bool:
        """Whether a complete result.json says FINISHED; one that cannot be read does not."""
        try:
            result = read_json(self.result)
        except DamagedError:
            return False
        return isinstance(result, dict) and result.get("status") == FINISHED

    def lock(self) -> int | None:
        """Takes the folder's lock for this process; the descriptor to keep open, or None where another holds it."""
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def locked(self) -> bool:
        """Whether a living process works in this folder."""
        if not (self.path / "lock").exists():
            return False
        descriptor = self.lock()
        if descriptor is None:
            return True
        os.close(descriptor)
        return False

    def remove_remains(self) -> None:
        """Removes what kills have left of files that were being written; the caller holds the lock.

        tracking.json is left out: who sends a run to a store need not hold the lock.
        """
        for path in (*self.path.glob(".*.*"), *self.checkpoints.glob(".*.*")):
            name, _, process = path.name.rpartition(".")
            if process.isdecimal() and name != ".tracking.json":
                path.unlink(missing_ok=True)

    def append(self, kind: str, **fields: Any) -> None:
        """Appends one event; `kind` is status, metrics or artifact."""
        line = json.dumps({"time": time.time(), "type": kind, **fields}, sort_keys=True, ensure_ascii=False)
        with self.events.open("ab+") as file:
            if file.tell() and not self._ends_a_line(file):
                line = f"\n{line}"
            file.write(f"{line}\n".encode())

    @staticmethod
    def _ends_a_line(file: BinaryIO) -> bool:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"

    def read_events(self) -> Iterator[dict[str, Any]]:
        """The events so far, in order; a line cut by a kill or a full disk is left out."""
        if not self.events.exists():
            return
        with self.events.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    event = json.loads(line)
                except json.JSONDecodeError:
                    continue
                yield event

    def status(self) -> tuple[str | None, str]:
        """The last status event and its reason; (None, "") for a folder in which nothing has started.

        A run that finished and whose result can no longer be read is KILLED.
        """
        found: tuple[str | None, str] = (None, "")
        for event in self.read_events():
            if event["type"] == "status":
                found = event["status"], event.get("reason", "")
        return (KILLED, RESULT_LOST) if found[0] == FINISHED and not self.finished() else found
