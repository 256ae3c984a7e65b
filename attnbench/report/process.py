"""A sweep's report in a process of its own: drawing needs more memory than everything else in the parent process."""

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path

from attnbench.lifetime import end_on_interrupt, end_with_parent

_INTERRUPT = (signal.SIGINT,)


def write_report(runs_dir: Path, plan: Path, output: Path) -> Path:
    """Writes the report of the runs in `runs_dir` that the plan in the file `plan` names; the path of its page.

    Raises:
        ValueError: as `attnbench.report.write.write`, or the process ended before the report was written.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_begin) as pool:
        # The new process inherits that Ctrl-C waits, until it can end without a traceback.
        signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPT)
        try:
            page = pool.submit(_build, runs_dir, plan, output)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPT)
        try:
            return page.result()
        except BrokenProcessPool as error:
            raise ValueError(
                "Its process was killed, which a lack of memory can cause. Write it with python -m attnbench.report."
            ) from error


def _begin() -> None:
    end_with_parent()
    parent = parent_process()
    if parent is None or not parent.is_alive():  # it ended first, which the kernel tells nobody
        os._exit(1)
    end_on_interrupt()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPT)


def _build(runs_dir: Path, plan: Path, output: Path) -> Path:
    from attnbench.report.write import build

    return build(runs_dir, plan, output)
