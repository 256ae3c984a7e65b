"""`python -m attnbench.worker`, which also writes how long optimiser steps and epochs took, but for the first epoch."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attnbench.results import write_json
from attnbench.worker.entry import main

SECONDS_FILE = "seconds.json"


class Seconds:
    """Adds up the time that calls take, one sum a name."""

    def __init__(self) -> None:
        self.sums: dict[str, list[float]] = {}

    def of(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, each call of which becomes one entry of `sums[name]`."""

        def call(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                self.sums.setdefault(name, []).append(time.perf_counter() - began)

        return call


def timed(words: list[str]) -> int:
    """Runs the worker; on a CPU a step returns when it is computed."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    from attnbench import backend
    from attnbench.training import Trainer

    seconds = Seconds()
    make = backend.training_step
    backend.training_step = lambda *arguments: seconds.of("steps", make(*arguments))
    Trainer._train_epoch = seconds.of("epochs", Trainer._train_epoch)  # type: ignore[method-assign]
    code = main(words)
    epochs = seconds.sums["epochs"]
    each = len(seconds.sums["steps"]) // len(epochs)
    write_json(Path(words[0]) / SECONDS_FILE, {"steps": sum(seconds.sums["steps"][each:]), "epochs": sum(epochs[1:])})
    return code


if __name__ == "__main__":
    sys.exit(timed(sys.argv[1:]))
