"""Two sides in processes of their own on the same cores; each computes the same batches while the other one waits."""

import multiprocessing
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from experiments.benchmarks.peers.job import Job

SIDES = {
    "ours": ("experiments.benchmarks.peers.ours", "Ours"),
    "theirs": ("experiments.benchmarks.peers.theirs", "Theirs"),
}


class Opponents:
    """Both sides of a comparison, started and warmed up.

    Args:
        job: what both are given.
        cores: the processor cores that both are held to.
    """

    def __init__(self, job: Job, cores: Sequence[int]) -> None:
        context = multiprocessing.get_context("spawn")
        self._connections: dict[str, Connection] = {}
        self._processes = []
        for side, path in SIDES.items():
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there, path, job, tuple(cores)), daemon=True)
            process.start()
            there.close()
            self._connections[side] = here
            self._processes.append(process)
            self._answer(side)

    def __enter__(self) -> "Opponents":
        return self

    def __exit__(self, *_: object) -> None:
        for connection, process in zip(self._connections.values(), self._processes, strict=True):
            with suppress(BrokenPipeError):  # it has ended by itself
                connection.send(None)
            process.join()

    def ask(self, side: str, method: str, *arguments: Any) -> Any:
        """What a side's method returns."""
        return self._ask(side, method, [arguments])[1]

    def times(self, method: str, numbers: Sequence[int], turns: int) -> list[dict[str, float]]:
        """Seconds of each side for the batches `numbers` in each turn, after one turn of warm-up.

        The sides take turns at going first.
        """
        times = []
        for turn in range(turns + 1):
            order = list(SIDES) if turn % 2 else list(SIDES)[::-1]
            times.append({side: self._ask(side, method, [(number,) for number in numbers])[0] for side in order})
        return times[1:]

    def _ask(self, side: str, method: str, calls: list[tuple[Any, ...]]) -> Any:
        self._connections[side].send((method, calls))
        return self._answer(side)

    def _answer(self, side: str) -> Any:
        try:
            return self._connections[side].recv()
        except EOFError:
            raise RuntimeError(f"The process of {side} has ended. Its messages are above.") from None


def _serve(connection: Connection, path: tuple[str, str], job: Job, cores: tuple[int, ...]) -> None:
    """The process of a side: builds it, then calls the requested methods and answers with seconds and result."""
    os.sched_setaffinity(0, cores)
    os.environ["KERAS_BACKEND"] = job.config.backend
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    module, name = path
    side = getattr(import_module(module), name)(job)
    connection.send("ready")
    while (request := connection.recv()) is not None:
        method, calls = request
        began, result = time.perf_counter(), None
        for arguments in calls:
            result = getattr(side, method)(*arguments)
        connection.send((time.perf_counter() - began, result))
