"""`python -m attnbench`: Hydra composes and starts the jobs; their folders tell afterwards what they came to."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import hydra

from attnbench.launch import ELSEWHERE, WORKER, stop_listening
from attnbench.results import FINISHED, RunFolder
from attnbench.sweep.compose import conf_folder
from attnbench.sweep.errors import REFUSALS, sentence
from attnbench.sweep.plan import PLAN_VARIABLE, Plan, current_status, stop_of
from attnbench.sweep.table import print_summary
from attnbench.sweep.work import Job

REFUSED = 2


def main(worker: Sequence[str] = WORKER) -> int:
    """Runs the command line.

    Returns 0; 1 where a run failed; 2 where nothing was begun; 128 + the signal that ended it.

    Args:
        worker: the command of a run's child process, without the run folder.
    """
    sys.path.insert(0, str(Path.cwd()))
    program = hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")(Job(worker))
    told = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        program()
    except REFUSALS as error:
        if told:
            raise
        print(sentence(error), file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    stop_listening()
    return conclude(Path(os.environ[PLAN_VARIABLE]))


def conclude(path: Path) -> int:
    """Tells what the plan at `path` came to, and returns the exit code."""
    plan, runs_dir = Plan.read(path), path.parents[1]
    print_summary(plan, runs_dir)
    stop = stop_of(path)
    requests = stop.requests()
    stop.clear()
    if requests:
        print(f"Stopped by {requests[0]}. The same command goes on from here.")
        return 128 + signal.Signals[requests[0]]
    statuses = [current_status(RunFolder(runs_dir / entry.folder))[0] for entry in plan.entries]
    return 0 if all(status in (FINISHED, ELSEWHERE) for status in statuses) else 1
