"""The child's entry: lock, signals, and the status with which it ends."""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attnbench.config import RunConfig, from_mapping
from attnbench.results import FAILED, FINISHED, KILLED, RUNNING, RunFolder, read_json
from attnbench.worker.framework import import_framework
from attnbench.worker.reporter import Reporter

FINISHED_CODE, FAILED_CODE, KILLED_CODE, LOCKED_CODE, AGAIN_CODE, DONE_CODE = 0, 1, 3, 4, 5, 6

_GRACE_SECONDS = 30.0


def main(words: Sequence[str]) -> int:
    """Runs what `words` name and returns the exit code.

    0 finished, 1 failed, 3 killed, 4 locked, 5 another round, 6 finished by another process.
    """
    folder = RunFolder(Path(words[0]))
    config = from_mapping(read_json(folder.config))
    if len(words) > 1:
        return _decode(folder, config, *words[1:])
    descriptor = folder.lock()
    if descriptor is None:
        return LOCKED_CODE
    if folder.finished():
        return DONE_CODE
    reporter = Reporter(folder)
    _listen(reporter)
    return _run(folder, config, reporter)


def _run(folder: RunFolder, config: RunConfig, reporter: Reporter) -> int:
    folder.append("status", status=RUNNING)
    try:
        finished = _task(config)(folder, config, reporter)
    except BaseException as error:
        status, reason = _judge(error, reporter)
        if status == FAILED:
            traceback.print_exc()
        folder.append("status", status=status, reason=folder.with_need(reason))
        return KILLED_CODE if status == KILLED else FAILED_CODE
    if not finished:
        return AGAIN_CODE
    folder.append("status", status=FINISHED)
    return FINISHED_CODE


def _task(config: RunConfig) -> Any:
    """The function that does the run; imported here, since it imports the framework."""
    import_framework(config.backend)
    if config.task == "profile":
        from attnbench.worker.profile import profile

        return profile
    from attnbench.worker.train import train

    return train


def _decode(folder: RunFolder, config: RunConfig, task: str, source: str, output: str) -> int:
    _send_native_notices_to(folder.log)
    import_framework(config.backend)
    from attnbench.worker import translate

    try:
        {"translate": translate.translate, "align": translate.align}[task](folder, config, source=source, output=output)
    except ValueError as error:
        print(error, file=sys.stderr)
        return FAILED_CODE
    return FINISHED_CODE


def _send_native_notices_to(log: Path) -> None:
    """Leaves standard error to Python; what the framework's libraries write there goes to the end of `log`."""
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError:  # somebody else's run: the notices are shown
        return
    sys.stderr = os.fdopen(os.dup(sys.stderr.fileno()), "w", buffering=1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _judge(error: BaseException, reporter: Reporter) -> tuple[str, str]:
    """The status and the reason that an exception means."""
    from attnbench.training import NonFiniteLossError, Stopped
    from attnbench.worker.forecast import Refused

    if isinstance(error, Stopped):
        return KILLED, reporter.stop_reason or "stopped"
    if isinstance(error, NonFiniteLossError):
        return FAILED, "non-finite loss"
    if isinstance(error, Refused):
        return FAILED, str(error)
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError) or "ResourceExhausted" in text or "RESOURCE_EXHAUSTED" in text:
        return FAILED, "out of memory"
    first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return FAILED, f"error: {first_line}" if isinstance(error, ValueError) else f"error: {text.splitlines()[0]}"


def _listen(reporter: Reporter) -> None:
    """Ends the run when the parent asks for it, or dies; what does not end by itself in 30 s is ended."""

    def asked(number: int, _: Any) -> None:
        reporter.stop_reason = f"signal {signal.Signals(number).name}"

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        reporter.stop_reason = reporter.stop_reason or "parent died"
        time.sleep(_GRACE_SECONDS)
        os._exit(KILLED_CODE)

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=watch, daemon=True).start()
