"""The entry of a run's process: lock, signals, and the status with which the process ends."""

import os
import re
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from attnbench.config import RunConfig
from attnbench.lifetime import end_with_parent
from attnbench.records import ExitCode, Outcome, RunFailure, RunFolder, Status, Stopped
from attnbench.records.status import Reason, is_out_of_memory
from attnbench.worker.framework import import_framework
from attnbench.worker.reporter import Reporter

Task = Callable[[RunFolder, RunConfig, Reporter], bool]
"""Does a run, or the next round of one, and returns whether it is complete."""

_GRACE_SECONDS = 30.0
_KERAS_PREFACE = "Exception encountered when calling"
_COLOUR = r"\x1b\[\d*m"


def task_of(config: RunConfig) -> Task:
    """The function that does the run; imported here, since it imports the framework."""
    import_framework(config.backend)
    if config.task == "profile":
        from attnbench.worker.profile import profile

        return profile
    from attnbench.worker.train import train

    return train


def main(
    arguments: Sequence[str],
    find_task: Callable[[RunConfig], Task] = task_of,
    grace_seconds: float = _GRACE_SECONDS,
) -> int:
    """Does what `arguments` name; returns an `ExitCode`.

    Args:
        arguments: a run folder; or one with a task on a finished run, that task's input and its output.
        find_task: how to do a run.
        grace_seconds: how long the run may take to end by itself once its parent has died.
    """
    folder = RunFolder(Path(arguments[0]))
    config = folder.config.required()
    if len(arguments) > 1:
        return _decode(folder, config, *arguments[1:])
    lock = folder.lock()
    if lock is None:
        return ExitCode.LOCKED
    if folder.finished():
        return ExitCode.FINISHED_BEFORE
    reporter = Reporter(folder)
    _listen(reporter, grace_seconds)
    with lock:
        return perform(folder, config, reporter, find_task)


def perform(
    folder: RunFolder, config: RunConfig, reporter: Reporter, find_task: Callable[[RunConfig], Task] = task_of
) -> int:
    """Does the run in `folder`, whose lock the caller holds, and records how it went; returns an `ExitCode`."""
    folder.record(Outcome(Status.RUNNING))
    try:
        complete = find_task(config)(folder, config, reporter)
    except BaseException as error:
        outcome = _classify(error, reporter)
        if outcome.status == Status.FAILED:
            traceback.print_exc()
        folder.record(replace(outcome, reason=folder.with_need(outcome.reason)))
        return ExitCode.KILLED if outcome.status == Status.KILLED else ExitCode.FAILED
    if not complete:
        return ExitCode.AGAIN
    folder.record(Outcome(Status.FINISHED))
    return ExitCode.FINISHED


def _decode(folder: RunFolder, config: RunConfig, task: str, source: str, output: str) -> int:
    end_with_parent()
    _redirect_native_output(folder.log.path)
    import_framework(config.backend)
    from attnbench.worker import translate

    try:
        {"translate": translate.translate, "align": translate.align}[task](folder, config, source=source, output=output)
    except ValueError as error:
        print(error, file=sys.stderr)
        return ExitCode.FAILED
    except OSError as error:
        print(f"{error.strerror}: {error.filename or output}.", file=sys.stderr)
        return ExitCode.FAILED
    return ExitCode.FINISHED


def _redirect_native_output(log: Path) -> None:
    """Leaves standard error to Python; what the framework's libraries write there goes to the end of `log`."""
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError:  # the run of another user: the output is shown
        return
    sys.stderr = os.fdopen(os.dup(sys.stderr.fileno()), "w", buffering=1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _classify(error: BaseException, reporter: Reporter) -> Outcome:
    """The status and the reason that an exception means."""
    if isinstance(error, Stopped):
        return Outcome(Status.KILLED, reporter.stop_reason or "stopped")
    if isinstance(error, RunFailure):
        return Outcome(Status.FAILED, error.reason)
    if is_out_of_memory(f"{type(error).__name__}: {error}"):
        return Outcome(Status.FAILED, Reason.OUT_OF_MEMORY)
    return Outcome(Status.FAILED, f"error: {_message(error)}")


def _message(error: BaseException) -> str:
    """The first line of what went wrong, with its type unless that is plain ValueError.

    Keras wraps an exception of a user's layer: a line of its own ("Exception encountered when calling ..."), the
    message, the arguments.
    """
    text = re.sub(_COLOUR, "", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith(_KERAS_PREFACE):
        del lines[0]
    if not lines:
        return type(error).__name__
    return lines[0] if isinstance(error, ValueError) else f"{type(error).__name__}: {lines[0]}"


def _listen(reporter: Reporter, grace_seconds: float) -> None:
    """Stops the run when the parent asks for it or dies; in the latter case ends it after `grace_seconds` at most."""

    def stop(number: int, _: Any) -> None:
        reporter.stop_reason = f"signal {signal.Signals(number).name}"

    def watch_parent() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        reporter.stop_reason = reporter.stop_reason or Reason.PARENT_DIED
        time.sleep(grace_seconds)
        os._exit(ExitCode.KILLED)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=watch_parent, daemon=True).start()
