"""The child's entry: lock, signals, and the status with which it ends."""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from attnbench.config import RunConfig
from attnbench.records import ExitCode, Outcome, RunFolder, Status
from attnbench.records.status import Reason, is_out_of_memory
from attnbench.worker.framework import import_framework
from attnbench.worker.reporter import Reporter

_GRACE_SECONDS = 30.0
_KERAS_PREFACE = "Exception encountered when calling"
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def main(arguments: Sequence[str]) -> int:
    """Runs what `arguments` name: a run folder, or one with a task, its input and its output; returns an `ExitCode`."""
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
    _listen(reporter)
    with lock:
        return _run(folder, config, reporter)


def _run(folder: RunFolder, config: RunConfig, reporter: Reporter) -> int:
    folder.record(Outcome(Status.RUNNING))
    try:
        finished = _task(config)(folder, config, reporter)
    except BaseException as error:
        outcome = _classify(error, reporter)
        if outcome.status == Status.FAILED:
            traceback.print_exc()
        folder.record(replace(outcome, reason=folder.with_need(outcome.reason)))
        return ExitCode.KILLED if outcome.status == Status.KILLED else ExitCode.FAILED
    if not finished:
        return ExitCode.AGAIN
    folder.record(Outcome(Status.FINISHED))
    return ExitCode.FINISHED


def _task(config: RunConfig) -> Any:
    """The function that does the run; imported here, since it imports the framework."""
    import_framework(config.backend)
    if config.task == "profile":
        from attnbench.worker.profile import profile

        return profile
    from attnbench.worker.train import train

    return train


def _decode(folder: RunFolder, config: RunConfig, task: str, source: str, output: str) -> int:
    _send_native_notices_to(folder.log.path)
    import_framework(config.backend)
    from attnbench.worker import translate

    try:
        {"translate": translate.translate, "align": translate.align}[task](folder, config, source=source, output=output)
    except ValueError as error:
        print(error, file=sys.stderr)
        return ExitCode.FAILED
    return ExitCode.FINISHED


def _send_native_notices_to(log: Path) -> None:
    """Leaves standard error to Python; what the framework's libraries write there goes to the end of `log`."""
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError:  # somebody else's run: the notices are shown
        return
    sys.stderr = os.fdopen(os.dup(sys.stderr.fileno()), "w", buffering=1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _classify(error: BaseException, reporter: Reporter) -> Outcome:
    """The status and the reason that an exception means."""
    from attnbench.training import NonFiniteLossError, Stopped
    from attnbench.worker.forecast import Refused

    if isinstance(error, Stopped):
        return Outcome(Status.KILLED, reporter.stop_reason or "stopped")
    if isinstance(error, NonFiniteLossError):
        return Outcome(Status.FAILED, Reason.NON_FINITE_LOSS)
    if isinstance(error, Refused):
        return Outcome(Status.FAILED, str(error))
    if is_out_of_memory(f"{type(error).__name__}: {error}"):
        return Outcome(Status.FAILED, Reason.OUT_OF_MEMORY)
    return Outcome(Status.FAILED, f"error: {_message(error)}")


def _message(error: BaseException) -> str:
    """The first line of what went wrong, with its type unless that is plain ValueError.

    Keras wraps an exception in a user's layer: a line of its own ("Exception encountered when calling ..."), the
    message, the arguments.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if lines and lines[0].startswith(_KERAS_PREFACE):
        lines = [line.replace(_BOLD, "").replace(_PLAIN, "").strip() for line in lines[1:]] or lines
    if not lines:
        return type(error).__name__
    return lines[0] if isinstance(error, ValueError) else f"{type(error).__name__}: {lines[0]}"


def _listen(reporter: Reporter) -> None:
    """Ends the run when the parent asks for it, or dies; what does not end by itself in 30 s is ended."""

    def asked(number: int, _: Any) -> None:
        reporter.stop_reason = f"signal {signal.Signals(number).name}"

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        reporter.stop_reason = reporter.stop_reason or Reason.PARENT_DIED
        time.sleep(_GRACE_SECONDS)
        os._exit(ExitCode.KILLED)

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=watch, daemon=True).start()
