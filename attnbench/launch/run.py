"""One run from its frozen configuration to its outcome: a child process, watched by this one."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from attnbench.config import RunConfig, to_mapping
from attnbench.launch.outcome import DONE, ELSEWHERE, Beginning, Ending, Outcome, judge, record, statuses
from attnbench.launch.share import environment, share
from attnbench.launch.stop import Stop
from attnbench.results import FINISHED, KILLED, RESULT_LOST, RUNNING, RunFolder, read_json, write_json

WORKER = (sys.executable, "-m", "attnbench.worker")
"""The child's command; the run folder follows."""

_POLL_SECONDS = 0.1
_PROGRESS_SECONDS = 0.5
_GRACE_SECONDS = 30.0


def launch(
    folder: RunFolder,
    config: RunConfig,
    *,
    facts: Mapping[str, Any],
    fresh: bool,
    stop: Stop,
    gpus: Sequence[str],
    progress: Callable[[Mapping[str, Any] | None], None],
    command: Sequence[str] = WORKER,
) -> Outcome:
    """Runs one child process to its end and returns how it ended; a run that has finished since is left as it is.

    Args:
        folder: the run's folder; the child goes on from what an earlier attempt left there.
        config: the run, frozen in the plan.
        facts: the content of facts.json.
        fresh: whether an earlier attempt is thrown away first (`rerun=all`).
        stop: asked several times a second.
        gpus: the GPUs that runs may use, as `CUDA_VISIBLE_DEVICES` names them.
        progress: told progress.json about twice a second, None before there is any.
        command: the child's, without the run folder.

    Raises:
        OSError: the folder cannot be written.
    """
    if spared := _prepare(folder, config, facts, fresh=fresh):
        return spared
    with share(config, gpus, given_up=lambda: bool(stop.requests())) as held:
        if held is None:
            given_up = Outcome(KILLED, f"signal {stop.requests()[0]}")
            settle_abandoned(folder, given_up.reason)
            return given_up
        beginning = Beginning.of(folder)
        child = _start(command, folder, environment(config, held.gpu))
        try:
            _pin(child, held.cores)
            ending = _watch(child, folder, _seconds_left(folder, config), stop, progress)
        finally:
            _kill(child)
    return judge(folder, beginning, ending)


def settle_abandoned(folder: RunFolder, reason: str = "parent died") -> bool:
    """Says what a run's process could not say any more, unless one holds the run; whether there was such a thing.

    With a complete result it is FINISHED; if it says so without one, or says that it is running, it is KILLED.

    Args:
        folder: the run's.
        reason: why it is not running any more.
    """
    if _unsaid(folder, reason) is None:
        return False
    descriptor = folder.lock()
    if descriptor is None:
        return False
    try:
        unsaid = _unsaid(folder, reason)
        if unsaid is not None:
            record(folder, unsaid)
        return unsaid is not None
    finally:
        os.close(descriptor)


def _unsaid(folder: RunFolder, reason: str) -> Outcome | None:
    """The status event that is wanting in a folder in which nobody works."""
    said = statuses(folder)
    last = said[-1].status if said else None
    if folder.finished():
        return None if last == FINISHED else Outcome(FINISHED)
    reasons = {RUNNING: reason, FINISHED: RESULT_LOST}
    return Outcome(KILLED, reasons[last]) if last in reasons else None


def _prepare(folder: RunFolder, config: RunConfig, facts: Mapping[str, Any], *, fresh: bool) -> Outcome | None:
    """Writes what the child reads, under the folder's lock; where there is nothing to do for a child, the outcome."""
    descriptor = folder.lock()
    if descriptor is None:
        return Outcome(ELSEWHERE)
    try:
        if folder.finished() and not fresh:
            return DONE
        if fresh:
            _clear(folder)
        folder.remove_remains()
        folder.progress.unlink(missing_ok=True)
        write_json(folder.config, to_mapping(config))
        write_json(folder.facts, dict(facts))
    finally:
        os.close(descriptor)
    return None


def _clear(folder: RunFolder) -> None:
    for path in folder.path.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()


def _start(command: Sequence[str], folder: RunFolder, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Starts the child in a session of its own, out of Ctrl-C's reach; its pipe closes when this process dies."""
    with folder.log.open("ab") as log:
        return subprocess.Popen(
            [*command, str(folder.path)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **variables},
            start_new_session=True,
        )


def _pin(child: subprocess.Popen[bytes], cores: frozenset[int] | None) -> None:
    if cores is not None:
        with suppress(ProcessLookupError):
            os.sched_setaffinity(child.pid, cores)


def _seconds_left(folder: RunFolder, config: RunConfig) -> float:
    """The time limit, less what a profile's forecast and earlier rounds have taken."""
    if config.time_limit_minutes is None:
        return float("inf")
    before = [*(read_json(folder.rounds) or []), read_json(folder.forecast) or {}]
    return 60 * config.time_limit_minutes - sum(entry.get("seconds", 0.0) for entry in before)


def _watch(
    child: subprocess.Popen[bytes],
    folder: RunFolder,
    limit_seconds: float,
    stop: Stop,
    progress: Callable[[Mapping[str, Any] | None], None],
) -> Ending:
    started = shown = time.monotonic()
    while child.poll() is None:
        now = time.monotonic()
        if requests := stop.requests():
            progress({"phase": "stopping; once more ends it without a checkpoint"})
            return Ending(_end(child, stop), stopped_by=requests[0])
        if now - started > limit_seconds:
            return Ending(_end(child, stop), timed_out=True)
        if now - shown > _PROGRESS_SECONDS:
            shown = now
            progress(read_json(folder.progress))
        time.sleep(_POLL_SECONDS)
    return Ending(child.returncode)


def _end(child: subprocess.Popen[bytes], stop: Stop) -> int:
    """Lets the child write its checkpoint, then insists; a second request to stop insists at once."""
    child.terminate()
    deadline = time.monotonic() + _GRACE_SECONDS
    while child.poll() is None and time.monotonic() < deadline and len(stop.requests()) < 2:
        time.sleep(_POLL_SECONDS)
    _kill(child)
    return child.returncode


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Ends the child and whatever it started; nothing where it has ended."""
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdin is not None:
        with suppress(BrokenPipeError):
            child.stdin.close()
