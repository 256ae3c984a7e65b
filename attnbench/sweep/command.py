"""`python -m attnbench`: Hydra composes and starts the jobs; their folders tell afterwards what they came to."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import hydra

from attnbench.launch import ELSEWHERE, WORKER, stop_listening
from attnbench.results import FINISHED, RunFolder
from attnbench.sweep.compose import conf_folder
from attnbench.sweep.errors import REFUSALS, REFUSED, sentence
from attnbench.sweep.finished import send
from attnbench.sweep.plan import NEW, PLAN_VARIABLE, Plan, current_status, stop_of
from attnbench.sweep.table import near, print_summary
from attnbench.sweep.work import Job
from attnbench.tracking import StoreError, open_store, public

Report = Callable[[Path, Path, Path], Path]
"""Writes the report: runs_dir, plan and the folder to write into give the path of its page."""


def write_report(runs_dir: Path, plan: Path, output: Path) -> Path:
    """Writes the report of a plan's runs."""
    from attnbench.report import build

    return build(runs_dir, plan, output)


def main(worker: Sequence[str] = WORKER, report: Report = write_report) -> int:
    """Runs the command line.

    Returns 0; 1 where a run failed; 2 where nothing was begun; 128 + the signal that ended it.

    Args:
        worker: the command of a run's child process, without the run folder.
        report: writes the report of a sweep.
    """
    sys.path.insert(0, str(Path.cwd()))
    program = hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")(Job(worker))
    os.environ.pop(PLAN_VARIABLE, None)
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
    if PLAN_VARIABLE not in os.environ:  # --cfg and --info print, and plan nothing
        return 0
    return conclude(Path(os.environ[PLAN_VARIABLE]), report)


def conclude(path: Path, report: Report) -> int:
    """Tells what the plan at `path` came to, sends what MLflow lacks, writes the report; returns the exit code."""
    plan, runs_dir = Plan.read(path), path.parents[1]
    config = plan.entries[0].run_config()
    folders = [RunFolder(runs_dir / entry.folder) for entry in plan.entries]
    statuses = [current_status(folder)[0] for folder in folders]
    print_summary(plan, runs_dir)
    settled = [folder for folder, status in zip(folders, statuses, strict=True) if status not in (NEW, ELSEWHERE)]
    _send(settled, config.tracking.uri)
    if FINISHED in statuses:
        _report(report, path, Path(config.reports_dir) / plan.study, config.tracking.uri)
    stop = stop_of(path)
    requests = stop.requests()
    stop.clear()
    if requests:
        print(f"Stopped by {requests[0]}. The same command goes on from here.")
        return 128 + signal.Signals[requests[0]]
    return 0 if all(status in (FINISHED, ELSEWHERE) for status in statuses) else 1


def _send(folders: Sequence[RunFolder], uri: str) -> None:
    """Sends runs that the store lacks: made while it did not answer, or for another store."""
    store = open_store(uri)
    with suppress(StoreError):  # the store has said so; the runs stay in their folders
        for folder in folders:
            send(folder, store)


def _report(report: Report, path: Path, output: Path, uri: str) -> None:
    try:
        page = report(path.parents[1], path, output)
    except ValueError as error:
        print(f"No report: {error}", file=sys.stderr)
        return
    print(f"\nReport      {near(page)}")
    print(f"MLflow      mlflow ui --backend-store-uri {public(uri)}")
