"""One of Hydra's jobs: find its run in the frozen plan, do it unless it is done, and never raise."""

import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from attnbench.config import from_mapping
from attnbench.launch import AGAIN, WORKER, Outcome, launch
from attnbench.results import FAILED, KILLED, RunFolder, read_json
from attnbench.sweep.compose import plain_values
from attnbench.sweep.display import Place, make_display
from attnbench.sweep.errors import REFUSALS, REFUSED, sentence
from attnbench.sweep.finished import TASKS, do_task
from attnbench.sweep.plan import PLAN_VARIABLE, Entry, Plan, current_status, stop_of
from attnbench.tracking import following, open_store


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
        node = HydraConfig.get().job
        number = 0 if OmegaConf.is_missing(node, "num") else int(node.num)
        try:
            return Work(Path(os.environ[PLAN_VARIABLE]), self.command).do(number).status
        except Exception:
            traceback.print_exc()
            return FAILED

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
        self._plan = Plan.read(path)
        self._runs_dir = path.parents[1]
        self._stop = stop_of(path)
        self._command = command
        self._wanted = [entry for entry in self._plan.entries if self._plan.wanted(entry)]

    def do(self, number: int) -> Outcome:
        """Does job `number`: its run, or with `task=profile` its turn in the rounds of all runs."""
        index = self._plan.jobs[number]
        entry = self._plan.entries[index]
        if entry not in self._wanted or self._plan.jobs.index(index) != number:
            return Outcome(entry.status, entry.reason)
        if entry.config["task"] == "profile" and self._plan.parallel == 1:
            return self._do_rounds(entry)
        return self._do_all([entry])

    def _do_rounds(self, entry: Entry) -> Outcome:
        """The first profiled run does all of them, so that the variants take turns while the machine drifts."""
        profiled = [each for each in self._wanted if each.config["task"] == "profile"]
        return self._do_all(profiled) if entry == profiled[0] else Outcome(*current_status(self._folder(entry)))

    def _do_all(self, entries: Sequence[Entry]) -> Outcome:
        """Goes round `entries` until none wants another round; returns the first one's outcome."""
        outcomes: dict[str, Outcome] = {}
        waiting, fresh = list(entries), self._plan.rerun == "all"
        while waiting:
            for entry in waiting:
                outcomes[entry.signature] = self._attempt(entry, fresh=fresh)
            waiting, fresh = [entry for entry in waiting if outcomes[entry.signature].status == AGAIN], False
        return outcomes[entries[0].signature]

    def _attempt(self, entry: Entry, *, fresh: bool) -> Outcome:
        if requests := self._stop.requests():
            return Outcome(KILLED, f"signal {requests[0]}")
        folder, config = self._folder(entry), entry.run_config()
        with make_display(self._place(entry)) as display:
            try:
                with following(folder, open_store(config.tracking.uri), system_metrics=config.tracking.system_metrics):
                    outcome = launch(
                        folder,
                        config,
                        facts=entry.facts,
                        fresh=fresh,
                        stop=self._stop,
                        gpus=self._plan.gpus,
                        progress=display.update,
                        command=self._command,
                    )
            except OSError as error:
                outcome = Outcome(FAILED, f"error: {sentence(error)}")
            display.end(outcome, _main_result(folder))
        return outcome

    def _place(self, entry: Entry) -> Place:
        done = [self._folder(each) for each in self._wanted if each != entry and self._folder(each).finished()]
        seconds = [read_json(folder.result)["duration_seconds"] for folder in done]
        number = self._wanted.index(entry) + 1
        mean = sum(seconds) / len(seconds) if seconds else None
        return Place(number, len(self._wanted), entry.folder, self._plan.parallel, mean)

    def _folder(self, entry: Entry) -> RunFolder:
        return RunFolder(self._runs_dir / entry.folder)


def _main_result(folder: RunFolder) -> str:
    if not folder.finished():
        return ""
    metrics = read_json(folder.result)["metrics"]
    return f"BLEU {metrics['test/bleu']:.1f}" if "test/bleu" in metrics else ""
