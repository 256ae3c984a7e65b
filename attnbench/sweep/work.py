"""One of Hydra's jobs: find its run in the frozen plan, do it unless it is done, and never raise."""

import os
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from attnbench.config import from_mapping
from attnbench.launch import WORKER, finalize_abandoned, launch
from attnbench.records import Entry, Lock, Outcome, Plan, RunFolder, Status
from attnbench.sweep.compose import plain_values
from attnbench.sweep.display import Place, make_display, say
from attnbench.sweep.errors import REFUSALS, REFUSED, sentence
from attnbench.sweep.finished import TASKS, do_task
from attnbench.sweep.plan import PLAN_VARIABLE, stop_of, store_uri
from attnbench.sweep.words import count, counted, duration
from attnbench.tracking import following, open_store

_ORPHAN_SECONDS = 40.0
"""A child ends within 30 s of its parent's death."""
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Job:
    """Hydra's task function.

    Args:
        command: the child's command.
    """

    command: Sequence[str] = WORKER

    def __call__(self, composed: DictConfig) -> str:
        """Returns the status of the job's run; what Hydra composed counts for nothing, the frozen plan does.

        Raises:
            SystemExit: with the exit code of a task on a finished run; only a single job can be one.
        """
        if composed.task in TASKS:
            raise SystemExit(self._finished_task(composed))
        try:
            work = Work(Path(os.environ[PLAN_VARIABLE]), self.command)
            if work.plan.one_by_one:
                return work.do_all().status
            # In a process that a launcher started; Ctrl-C reaches the run through the stop file.
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            return work.do_one(HydraConfig.get().job.num).status
        except Exception:
            traceback.print_exc()
            return Status.FAILED

    def _finished_task(self, composed: DictConfig) -> int:
        try:
            return do_task(from_mapping(plain_values(composed, HydraConfig.get().overrides.task)), self.command)
        except REFUSALS as error:
            print(sentence(error), file=sys.stderr)
            return REFUSED


class Work:
    """The jobs of one plan, as the process at hand does them.

    Args:
        path: the frozen plan.
        command: the child's command.
    """

    def __init__(self, path: Path, command: Sequence[str]) -> None:
        self.plan = Plan.read(path)
        self._runs_dir = path.parents[1]
        self._stop = stop_of(path)
        self._command = command
        wanted = [entry for entry in self.plan.entries if self.plan.requests(entry)]
        self._wanted = sorted(wanted, key=lambda entry: entry.status == Status.ELSEWHERE)

    def do_one(self, number: int) -> Outcome:
        """Does the run of Hydra's job `number`, unless it is done or another job's."""
        jobs = self.plan.jobs or []
        index = jobs[number]
        entry = self.plan.entries[index]
        if entry not in self._wanted or jobs.index(index) != number:
            return Outcome(entry.status, entry.reason)
        return self._do([entry])

    def do_all(self) -> Outcome:
        """Does all runs of the plan, one after another."""
        return self._do(self._wanted)

    def _do(self, entries: Sequence[Entry]) -> Outcome:
        """Does `entries`; those that another process holds at the end, if it has let them go, and never afresh."""
        free = [entry for entry in entries if entry.status != Status.ELSEWHERE]
        outcome, held = self._take_turns(free, fresh=self.plan.rerun == "all")
        held += [entry for entry in entries if entry.status == Status.ELSEWHERE]
        if held:
            self._wait_for(held)
            outcome, _ = self._take_turns(held, fresh=False)
        return outcome

    def _take_turns(self, entries: Sequence[Entry], *, fresh: bool) -> tuple[Outcome, list[Entry]]:
        """Goes round `entries` until none wants another round; the last outcome, and what another process holds.

        Between its rounds a run is locked here, so that nobody takes it for abandoned.
        """
        outcome, held = Outcome(Status.FINISHED), []
        waiting: deque[tuple[Entry, Lock | None]] = deque((entry, None) for entry in entries)
        while waiting:
            if requests := self._stop.requests():
                outcome = Outcome(Status.KILLED, f"signal {requests[0]}")
                self._break_off([(entry, lock) for entry, lock in waiting if lock is not None], outcome)
                return outcome, []
            entry, lock = waiting.popleft()
            outcome = self._attempt(entry, lock, fresh=fresh and lock is None)
            lock = self._folder(entry).lock() if outcome.status == Status.AGAIN else None
            if lock is not None:
                waiting.append((entry, lock))
            elif outcome.status in (Status.AGAIN, Status.ELSEWHERE):
                held.append(entry)
        return outcome, held

    def _break_off(self, paused: Sequence[tuple[Entry, Lock]], outcome: Outcome) -> None:
        """Ends runs between two rounds, and tells the store; lets their locks go."""
        for entry, lock in paused:
            folder = self._folder(entry)
            with self._following(entry):
                folder.record(outcome)
            lock.release()

    def _wait_for(self, entries: Sequence[Entry]) -> None:
        """Waits until nobody holds `entries`, or none can be held by a child whose parent died before the plan."""
        folders = [folder for entry in entries if (folder := self._folder(entry)).locked()]
        left = (datetime.fromisoformat(self.plan.created) - datetime.now(UTC)).total_seconds() + _ORPHAN_SECONDS
        if folders and left > 0:
            say(f"waiting up to {duration(left)} for {counted(len(folders), 'run')} held elsewhere")
        deadline = time.monotonic() + left
        while time.monotonic() < deadline and not self._stop.requests() and any(folder.locked() for folder in folders):
            time.sleep(_POLL_SECONDS)

    def _attempt(self, entry: Entry, lock: Lock | None, *, fresh: bool) -> Outcome:
        """Does a run, or one round of it; `lock` is what holds it since the last round."""
        folder, config = self._folder(entry), entry.config
        with make_display(self._place(entry)) as display:
            try:
                if lock is None:
                    finalize_abandoned(folder)
                else:
                    lock.release()
                with self._following(entry):
                    outcome = launch(
                        folder,
                        config,
                        identity=entry.identity,
                        fresh=fresh,
                        stop=self._stop,
                        gpus=self.plan.gpus,
                        progress=display.update,
                        command=self._command,
                    )
            except OSError as error:
                outcome = Outcome(Status.FAILED, f"error: {sentence(error)}")
            except Exception as error:  # whatever happens to one run, the others are done
                traceback.print_exc()
                outcome = Outcome(Status.FAILED, f"error: {type(error).__name__}: {error}")
            display.end(outcome, _main_result(folder))
        return outcome

    def _following(self, entry: Entry) -> AbstractContextManager[None]:
        config = entry.config
        store = open_store(store_uri(config))
        return following(self._folder(entry), store, system_metrics=config.tracking.system_metrics)

    def _place(self, entry: Entry) -> Place:
        done = [self._folder(each) for each in self._wanted if each != entry and self._folder(each).finished()]
        seconds = [folder.result.required().duration_seconds for folder in done]
        number = self._wanted.index(entry) + 1
        mean = sum(seconds) / len(seconds) if seconds else None
        part = "round" if entry.config.task == "profile" else "epoch"
        return Place(
            number, len(self._wanted), entry.folder, self.plan.parallel, mean, alone=self.plan.one_by_one, part=part
        )

    def _folder(self, entry: Entry) -> RunFolder:
        return RunFolder(self._runs_dir / entry.folder)


def _main_result(folder: RunFolder) -> str:
    metrics = folder.result.required().metrics if folder.finished() else {}
    if "test/bleu" in metrics:
        return f"BLEU {metrics['test/bleu']:.1f}"
    tokens_per_second = metrics.get("speed/train_target_tokens_per_second")
    return "" if tokens_per_second is None else f"{count(tokens_per_second)} tokens/s"
