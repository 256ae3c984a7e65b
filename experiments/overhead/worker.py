"""`python -m attnbench.worker`, which also writes when it began, when its first step was done, and what steps took."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from attnbench.results import write_json
from attnbench.worker.entry import main
from attnbench.worker.framework import import_framework

SECONDS_FILE = "seconds.json"


class Seconds:
    """The time that calls take, a list for each name, and when the first of each was done."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {}
        self.first: dict[str, float] = {}

    def of(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, each call of which becomes one entry of `taken[name]`."""

        def call(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                self.taken.setdefault(name, []).append(time.perf_counter() - began)
                self.first.setdefault(name, time.time())

        return call


def timed(words: list[str]) -> int:
    """Runs the worker; on a CPU a step returns when it is computed. Steps and epochs leave the first epoch out."""
    import_framework("tensorflow")
    from attnbench import backend
    from attnbench.training import Trainer

    seconds = Seconds()
    make = backend.training_step
    backend.training_step = lambda *arguments: seconds.of("steps", make(*arguments))
    Trainer._train_epoch = seconds.of("epochs", Trainer._train_epoch)  # type: ignore[method-assign]
    code = main(words)
    steps, epochs = seconds.taken["steps"], seconds.taken["epochs"]
    found = {
        "began": psutil.Process().create_time(),
        "first_step": seconds.first["steps"],
        "steps": sum(steps[len(steps) // len(epochs) :]),
        "epochs": sum(epochs[1:]),
    }
    write_json(Path(words[0]) / SECONDS_FILE, found)
    return code


if __name__ == "__main__":
    sys.exit(timed(sys.argv[1:]))
