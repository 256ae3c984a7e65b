"""Doing the runs of a frozen plan, each in a child process, one after another."""

import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from omegaconf import DictConfig

from attnbench.launch import Stop, finalize_abandoned, launch
from attnbench.metrics import metric_of
from attnbench.records import Entry, Lock, Outcome, Plan, RunFolder, Status
from attnbench.sweep.display import Position, duration, make_display, say
from attnbench.sweep.errors import message
from attnbench.tracking import following, open_store
from attnbench.wording import counted

_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Work:
    """A frozen plan at work.

    Attributes:
        path: the file that holds the plan.
        store: the whole address of the MLflow store.
        worker: the child's command.
        alone: whether no other process does runs of this plan.
        launch: does one run in a child process.
        orphan_seconds: within which a child has ended whose parent died before the plan was made.
    """

    plan: Plan
    path: Path
    store: str
    worker: Sequence[str]
    alone: bool
    launch: Callable[..., Outcome] = launch
    orphan_seconds: float = 40.0

    @property
    def runs_dir(self) -> Path:
        """Where the run folders are."""
        return self.path.parents[1]

    @property
    def stop(self) -> Stop:
        """The request to stop, which reaches every process that works on the plan."""
        return Stop(self.path.with_suffix(".stop"))

    @property
    def requested(self) -> list[Entry]:
        """The runs to do; those that another process held when the plan was made come last."""
        requested = [entry for entry in self.plan.entries if self.plan.requests(entry)]
        return sorted(requested, key=lambda entry: entry.status == Status.ELSEWHERE)

    def folder(self, entry: Entry) -> RunFolder:
        """The folder of a run."""
        return RunFolder(self.runs_dir / entry.folder)

    def do(self, entries: Sequence[Entry]) -> Outcome:
        """Does `entries`; those that another process holds at the end, if it has let them go, never from scratch.

        Returns the last outcome.
        """
        free = [entry for entry in entries if entry.status != Status.ELSEWHERE]
        outcome, held = self._take_turns(free, fresh=self.plan.rerun == "all")
        held += [entry for entry in entries if entry.status == Status.ELSEWHERE]
        if held:
            self._wait_for(held)
            outcome, _ = self._take_turns(held, fresh=False)
        return outcome

    def _take_turns(self, entries: Sequence[Entry], *, fresh: bool) -> tuple[Outcome, list[Entry]]:
        """Does `entries` in turn until none needs another round; the last outcome, and what another process holds.

        Between its rounds a run is locked here, so that nobody takes it for abandoned; a request to stop ends it there.
        """
        outcome, held = Outcome(Status.FINISHED), []
        waiting: deque[tuple[Entry, Lock | None]] = deque((entry, None) for entry in entries)
        while waiting:
            if requests := self.stop.requests():
                outcome = Outcome(Status.KILLED, f"signal {requests[0]}")
                for entry, lock in waiting:
                    if lock is not None:
                        with self._following(entry):
                            self.folder(entry).record(outcome)
                        lock.release()
                return outcome, []
            entry, lock = waiting.popleft()
            outcome = self._attempt(entry, lock, fresh=fresh and lock is None)
            lock = self.folder(entry).lock() if outcome.status == Status.AGAIN else None
            if lock is not None:
                waiting.append((entry, lock))
            elif outcome.status in (Status.AGAIN, Status.ELSEWHERE):
                held.append(entry)
        return outcome, held

    def _wait_for(self, entries: Sequence[Entry]) -> None:
        """Waits until nobody holds `entries`, or none can be held by a child whose parent died before the plan."""
        folders = [folder for entry in entries if (folder := self.folder(entry)).locked()]
        left = (datetime.fromisoformat(self.plan.created) - datetime.now(UTC)).total_seconds() + self.orphan_seconds
        if folders and left > 0:
            say(f"waiting up to {duration(left)} for {counted(len(folders), 'run')} held elsewhere")
        deadline = time.monotonic() + left
        while time.monotonic() < deadline and not self.stop.requests() and any(folder.locked() for folder in folders):
            time.sleep(_POLL_SECONDS)

    def _attempt(self, entry: Entry, lock: Lock | None, *, fresh: bool) -> Outcome:
        """Does a run, or one round of it; `lock` is what holds it since the last round."""
        folder = self.folder(entry)
        with make_display(self._position(entry), alone=self.alone) as display:
            try:
                if lock is not None:
                    lock.release()
                elif not fresh:
                    finalize_abandoned(folder)
                with self._following(entry):
                    outcome = self.launch(
                        folder,
                        entry.config,
                        identity=entry.identity,
                        fresh=fresh,
                        stop=self.stop,
                        progress=display.update,
                        command=self.worker,
                    )
            except (OSError, ValueError) as error:
                outcome = Outcome(Status.FAILED, f"error: {message(error)}")
            except Exception as error:  # whatever happens to one run, the others are done
                traceback.print_exc()
                outcome = Outcome(Status.FAILED, f"error: {type(error).__name__}: {error}")
            display.end(outcome, _main_result(folder))
        return outcome

    def _following(self, entry: Entry) -> AbstractContextManager[None]:
        system_metrics = entry.config.tracking.system_metrics
        return following(self.folder(entry), open_store(self.store), system_metrics=system_metrics)

    def _position(self, entry: Entry) -> Position:
        others = [self.folder(each) for each in self.requested if each != entry]
        seconds = [folder.result.required().duration_seconds for folder in others if folder.finished()]
        return Position(
            number=self.requested.index(entry) + 1,
            total=len(self.requested),
            name=entry.folder,
            parallel=self.plan.parallel,
            mean_seconds=sum(seconds) / len(seconds) if seconds else None,
            part="round" if entry.config.task == "profile" else "epoch",
        )


def do_launched(path: Path, store: str, worker: Sequence[str], config: DictConfig) -> str:
    """What a launcher calls in another process: does the run `config.run` of the plan at `path`; returns its status."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the run through the stop file
    work = Work(Plan.read(path), path, store, worker, alone=False)
    return work.do([entry for entry in work.requested if entry.signature == config.run]).status


def _main_result(folder: RunFolder) -> str:
    metrics = folder.result.required().metrics if folder.finished() else {}
    for metric in map(metric_of, ("test/bleu", "speed/train_target_tokens_per_second")):
        if metric.key in metrics:
            return f"{metric.name} {metric.format(metrics[metric.key])} {metric.shown_unit}".strip()
    return ""
