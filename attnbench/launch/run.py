"""One run from its frozen configuration to its outcome: a child process, watched by this one."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from attnbench.config import RunConfig
from attnbench.launch.outcome import FINISHED_BEFORE, Exit, Snapshot, classify, finalize_abandoned
from attnbench.launch.share import environment, share
from attnbench.launch.stop import Stop
from attnbench.records import DamagedError, Outcome, Progress, RunFolder, RunIdentity, Status

WORKER = (sys.executable, "-m", "attnbench.worker")
"""The child's command; the run folder follows."""

_POLL_SECONDS = 0.1
_PROGRESS_SECONDS = 0.5
_GRACE_SECONDS = 30.0


def launch(
    folder: RunFolder,
    config: RunConfig,
    *,
    identity: RunIdentity,
    fresh: bool,
    stop: Stop,
    progress: Callable[[Progress | None], None],
    command: Sequence[str] = WORKER,
) -> Outcome:
    """Runs one child process to its end and returns how it ended; a run that has finished since is skipped.

    Args:
        folder: the run's folder; the child resumes from what an earlier attempt left there.
        config: the run, frozen in the plan.
        identity: the content of facts.json.
        fresh: whether an earlier attempt is removed first (`rerun=all`).
        stop: checked several times a second.
        progress: called about twice a second with the run's progress, None before there is any.
        command: the child's, without the run folder.

    Raises:
        DamagedError: a file of the folder cannot be used.
        OSError: the folder cannot be written, or no process started.
        ValueError: no visible GPU is of the model for which the run was planned.
    """
    if skipped := _prepare(folder, config, identity, fresh=fresh):
        return skipped
    with share(config, identity.facts.device, give_up=lambda: bool(stop.requests())) as part:
        if part is None:
            stopped = Outcome(Status.KILLED, f"signal {stop.requests()[0]}")
            finalize_abandoned(folder, stopped.reason)
            return stopped
        before = Snapshot.of(folder)
        child = _start(command, folder, environment(config, part.gpu))
        try:
            if part.cores is not None:
                with suppress(ProcessLookupError):
                    os.sched_setaffinity(child.pid, part.cores)
            exit_ = _watch(child, folder, _seconds_left(folder, config), stop, progress)
        finally:
            _kill(child)
    return classify(folder, before, exit_)


def _prepare(folder: RunFolder, config: RunConfig, identity: RunIdentity, *, fresh: bool) -> Outcome | None:
    """Writes what the child reads, under the folder's lock; where there is nothing to do for a child, the outcome."""
    lock = folder.lock()
    if lock is None:
        return Outcome(Status.ELSEWHERE)
    with lock:
        if folder.finished() and not fresh:
            folder.require_identity()
            return FINISHED_BEFORE
        if fresh:
            for path in folder.path.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                elif path != folder.held.path:
                    path.unlink()
        folder.remove_leftovers()
        folder.progress.path.unlink(missing_ok=True)
        folder.config.write(config)
        folder.facts.write(identity)
    return None


def _start(command: Sequence[str], folder: RunFolder, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Starts the child in a session of its own, out of Ctrl-C's reach; its pipe closes when this process dies."""
    with folder.log.path.open("ab") as log:
        return subprocess.Popen(
            [*command, str(folder.path)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **variables},
            start_new_session=True,
        )


def _seconds_left(folder: RunFolder, config: RunConfig) -> float:
    """The time limit, less what a profile's forecast and earlier rounds have taken."""
    if config.time_limit_minutes is None:
        return float("inf")
    forecast = folder.forecast.read()
    spent_seconds = sum(entry.seconds for entry in folder.rounds.read() or []) + (forecast.seconds if forecast else 0.0)
    return 60 * config.time_limit_minutes - spent_seconds


def _watch(
    child: subprocess.Popen[bytes],
    folder: RunFolder,
    limit_seconds: float,
    stop: Stop,
    progress: Callable[[Progress | None], None],
) -> Exit:
    started = shown = time.monotonic()
    while child.poll() is None:
        now = time.monotonic()
        if requests := stop.requests():
            progress(Progress("stopping; another request ends it without a checkpoint"))
            return Exit(_end(child, stop), stopped_by=requests[0])
        if now - started > limit_seconds:
            return Exit(_end(child, stop), timed_out=True)
        if now - shown > _PROGRESS_SECONDS:
            shown = now
            with suppress(DamagedError):  # the run matters more than what is shown of it
                progress(folder.progress.read())
        time.sleep(_POLL_SECONDS)
    return Exit(child.returncode)


def _end(child: subprocess.Popen[bytes], stop: Stop) -> int:
    """Gives the child time to write its checkpoint, then kills it; a second request to stop kills it at once."""
    child.terminate()
    deadline = time.monotonic() + _GRACE_SECONDS
    while child.poll() is None and time.monotonic() < deadline and len(stop.requests()) < 2:
        time.sleep(_POLL_SECONDS)
    _kill(child)
    return child.returncode


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Ends the child and whatever it started, if it has not ended by itself."""
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdin is not None:
        with suppress(BrokenPipeError):
            child.stdin.close()
