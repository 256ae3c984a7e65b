"""`python -m attnbench` from its command line to its exit code."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from attnbench.launch import WORKER, stop_listening
from attnbench.lifetime import end_on_interrupt
from attnbench.records import DamagedError, ExitCode, RunFolder, Status
from attnbench.records.status import ENDED
from attnbench.report.process import write_report
from attnbench.sweep.errors import REFUSALS, message
from attnbench.sweep.finished import TASKS, send
from attnbench.sweep.plan import claim, current_outcome, make_plan
from attnbench.sweep.request import Request, read_command_line
from attnbench.sweep.table import SHOWN_RUNS, near, print_plan, print_summary
from attnbench.sweep.work import Work, do_launched
from attnbench.terminal import forgiving_streams
from attnbench.tracking import StoreError, open_store, public

_FULL_ERROR = "HYDRA_FULL_ERROR"

Report = Callable[[Path, Path, Path], Path]
"""Writes the report: runs_dir, plan and the folder to write into give the path of its page."""


@forgiving_streams()
def main(worker: Sequence[str] = WORKER, report: Report = write_report) -> int:
    """Runs the command line.

    Returns 0; 1 where a run failed; 2 where nothing was begun; 128 + the signal that ended it.

    Args:
        worker: the command of a run's child process, without the run folder.
        report: writes the report of a sweep.
    """
    end_on_interrupt()
    sys.path.insert(0, str(Path.cwd()))
    traceback_requested = os.environ.get(_FULL_ERROR) == "1"
    os.environ[_FULL_ERROR] = "1"  # Hydra's errors come as exceptions; by itself it would print them in its own way
    try:
        request = read_command_line()
        if not request.jobs:
            return 0
        first = request.jobs[0].config
        if len(request.jobs) == 1 and first.task in TASKS:
            return TASKS[first.task](first, worker)
        work = _freeze(request, worker)
    except REFUSALS as error:
        if traceback_requested:
            raise
        print(message(error), file=sys.stderr)
        return ExitCode.REFUSED
    if work is None:
        return 0
    _do(work, request)
    return conclude(work, report)


def _freeze(request: Request, worker: Sequence[str]) -> Work | None:
    """Plans all runs of `request`, prints the plan and freezes it in a file; None for a dry run."""
    first = request.jobs[0].config
    request.launcher.check_store(first.tracking.uri)
    plan = make_plan(request.jobs, parallel=request.launcher.parallel)
    if not first.dry_run:
        claim(Path(first.runs_dir))
    print_plan(plan, most_runs=len(plan.entries) if first.dry_run else SHOWN_RUNS)
    if first.dry_run:
        return None
    path = plan.write(Path(first.runs_dir)).resolve()
    return Work(plan, path, first.tracking.uri, worker, alone=request.launcher.in_this_process)


def _do(work: Work, request: Request) -> None:
    """Does the runs, here or through a launcher; from here to `conclude` signals are requests to stop."""
    work.stop.listen()
    try:
        if request.launcher.in_this_process:
            work.do(work.requested)
        else:
            # A launched process reads the plan: a launcher need not parse a user's overrides again.
            jobs = [[f"run='{entry.signature}'"] for entry in work.requested]
            request.launcher.launch(partial(do_launched, work.path, work.store, work.worker), jobs)
    except (DamagedError, OSError) as error:
        print(message(error), file=sys.stderr)
    except Exception:
        if not work.stop.requests():  # else a launcher's processes were interrupted
            traceback.print_exc()


def conclude(work: Work, report: Report) -> int:
    """Prints what the sweep came to, sends what MLflow lacks, writes the report; returns the exit code."""
    try:
        stop_listening()
        print_summary(work.plan, work.runs_dir)
        if requests := work.stop.requests():
            return _stopped(work, requests[0])
        folders = [work.folder(entry) for entry in work.plan.entries]
        statuses = [current_outcome(folder).status for folder in folders]
        _send([folder for folder, status in zip(folders, statuses) if status in ENDED], work)
        if Status.FINISHED in statuses:
            _report(work, report)
        end_on_interrupt()
    except KeyboardInterrupt:
        return _stopped(work, signal.SIGINT.name)
    except (DamagedError, OSError) as error:
        print(f"{message(error)} Repeat the command: finished runs are skipped.", file=sys.stderr)
        return ExitCode.FAILED
    good = all(status in (Status.FINISHED, Status.ELSEWHERE) for status in statuses)
    return ExitCode.FINISHED if good else ExitCode.FAILED


def _stopped(work: Work, name: str) -> int:
    end_on_interrupt()
    work.stop.clear()
    command = "The same command without rerun=all" if work.plan.rerun == "all" else "The same command"
    print(f"\nStopped by {name}. {command} resumes from here.")
    return 128 + signal.Signals[name]


def _send(folders: Sequence[RunFolder], work: Work) -> None:
    """Sends runs that the study's experiment lacks: made while the store did not answer, or by another study."""
    store = open_store(work.store)
    with suppress(StoreError):  # the store has printed its warning; the runs stay in their folders
        for folder in folders:
            try:
                send(folder, store, work.plan.study)
            except (DamagedError, OSError) as error:
                print(f"Not sent: {message(error)}", file=sys.stderr)


def _report(work: Work, report: Report) -> None:
    output = Path(work.plan.entries[0].config.reports_dir) / work.plan.study
    try:
        page = report(work.runs_dir, work.path, output)
    except (ValueError, OSError) as error:
        print(f"No report: {message(error)}", file=sys.stderr)
        return
    print(f"\nReport      {near(page)}")
    print(f"MLflow      mlflow ui --backend-store-uri {public(work.store)}")
