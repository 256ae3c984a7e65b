"""`python -m attnbench`: Hydra composes and starts the jobs; their folders tell afterwards what they came to."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path

import hydra

from attnbench.config import RunConfig
from attnbench.launch import WORKER, stop_listening
from attnbench.records import DamagedError, Plan, RunFolder, Status
from attnbench.sweep.compose import conf_folder
from attnbench.sweep.errors import REFUSALS, REFUSED, sentence
from attnbench.sweep.finished import send
from attnbench.sweep.plan import PLAN_VARIABLE, STORE_VARIABLE, current_outcome, stop_of, store_uri
from attnbench.sweep.table import near, print_summary
from attnbench.sweep.work import Job
from attnbench.tracking import StoreError, open_store, public

_FULL_ERROR = "HYDRA_FULL_ERROR"

Report = Callable[[Path, Path, Path], Path]
"""Writes the report: runs_dir, plan and the folder to write into give the path of its page."""


def write_report(runs_dir: Path, plan: Path, output: Path) -> Path:
    """Writes the report of a plan's runs, in a process of its own: drawing needs more memory than all else here."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_end_silently) as pool:
        return pool.submit(_build_report, runs_dir, plan, output).result()


def _end_silently() -> None:
    """Lets Ctrl-C end this process without a word; the one that waits for it has the word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _build_report(runs_dir: Path, plan: Path, output: Path) -> Path:
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
    for variable in (PLAN_VARIABLE, STORE_VARIABLE):
        os.environ.pop(variable, None)
    program = hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")(Job(worker))
    try:
        with _whole_errors():
            program()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:
        if PLAN_VARIABLE not in os.environ:
            return _refuse(error)
        if not stop_of(Path(os.environ[PLAN_VARIABLE])).requests():  # else a launcher's processes were interrupted
            traceback.print_exc()
    finally:
        stop_listening()
    if PLAN_VARIABLE not in os.environ:  # --cfg and --info print, and plan nothing
        return 0
    return conclude(Path(os.environ[PLAN_VARIABLE]), report)


def conclude(path: Path, report: Report) -> int:
    """Tells what the plan at `path` came to, sends what MLflow lacks, writes the report; returns the exit code."""
    plan, runs_dir = Plan.read(path), path.parents[1]
    config = plan.entries[0].config
    print_summary(plan, runs_dir)
    stop = stop_of(path)
    requests = stop.requests()
    stop.clear()
    if requests:
        return _stopped(plan, requests[0])
    folders = [RunFolder(runs_dir / entry.folder) for entry in plan.entries]
    statuses = [current_outcome(folder).status for folder in folders]
    try:
        _send(
            [folder for folder, status in zip(folders, statuses) if status not in (Status.SCHEDULED, Status.ELSEWHERE)],
            config,
        )
        if Status.FINISHED in statuses:
            _report(report, path, Path(config.reports_dir) / plan.study, config.tracking.uri)
    except KeyboardInterrupt:
        return _stopped(plan, signal.SIGINT.name)
    return 0 if all(status in (Status.FINISHED, Status.ELSEWHERE) for status in statuses) else 1


def _stopped(plan: Plan, name: str) -> int:
    command = "The same command without rerun=all" if plan.rerun == "all" else "The same command"
    print(f"\nStopped by {name}. {command} goes on from here.")
    return 128 + signal.Signals[name]


@contextmanager
def _whole_errors() -> Iterator[None]:
    """Lets Hydra's errors through, to be told as one sentence, unless the user has asked for a traceback."""
    asked = os.environ.get(_FULL_ERROR)
    os.environ[_FULL_ERROR] = "1"
    try:
        yield
    finally:
        if asked is None:
            del os.environ[_FULL_ERROR]


def _refuse(error: Exception) -> int:
    if os.environ.get(_FULL_ERROR) == "1" or not isinstance(error, REFUSALS):
        raise error
    print(sentence(error), file=sys.stderr)
    return REFUSED


def _send(folders: Sequence[RunFolder], config: RunConfig) -> None:
    """Sends runs that the study's experiment lacks: made while the store did not answer, or by another study."""
    store = open_store(store_uri(config))
    with suppress(StoreError):  # the store has said so; the runs stay in their folders
        for folder in folders:
            try:
                send(folder, store, config.study)
            except DamagedError as error:
                print(f"Not sent: {error}", file=sys.stderr)


def _report(report: Report, path: Path, output: Path, uri: str) -> None:
    try:
        page = report(path.parents[1], path, output)
    except ValueError as error:
        print(f"No report: {error}", file=sys.stderr)
        return
    print(f"\nReport      {near(page)}")
    print(f"MLflow      mlflow ui --backend-store-uri {public(uri)}")
