"""Measures in processes of their own, so that one measurement leaves nothing behind for the next."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from experiments.benchmarks.memory.job import Job


def alone(job: Job) -> dict[str, int]:
    """What `step.peaks` returns, called in a new process; only that one imports keras."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_peaks, job).result()


def _peaks(job: Job) -> dict[str, int]:
    from experiments.benchmarks.memory.step import peaks

    return peaks(job)
