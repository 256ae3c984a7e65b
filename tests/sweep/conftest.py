"""The command line with a stand-in for the child, in a folder of the test's own."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from attnbench.results import RunFolder, read_json
from attnbench.sweep.compose import Composition

CHECKOUT = Path(__file__).parents[2]
PROGRAM = (sys.executable, str(CHECKOUT / "tests" / "program.py"))


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    output: str
    errors: str


class Program:
    """Runs `python -m attnbench` with the stand-in, in `path`, on a store that is ready."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self, *words: str, standin: str = "finish", **variables: str) -> "subprocess.Popen[str]":
        """Starts the command and returns its process."""
        own = {"PYTHONPATH": str(CHECKOUT), "STANDIN": standin, "COLUMNS": "100", **variables}
        environment = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"} | own
        return subprocess.Popen(
            [*PROGRAM, "device=cpu", "tracking.system_metrics=false", *words],
            cwd=self.path,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, *words: str, standin: str = "finish", **variables: str) -> Ended:
        """Runs the command to its end."""
        with self.start(*words, standin=standin, **variables) as process:
            output, errors = process.communicate(timeout=60)
        return Ended(process.returncode, output, errors)

    def folders(self) -> dict[str, RunFolder]:
        """The run folders by mechanism."""
        found = [RunFolder(path.parent) for path in sorted(self.path.glob("runs/*/config.json"))]
        return {read_json(folder.config)["attention"]["name"]: folder for folder in found}

    def plans(self) -> list[Any]:
        """The frozen plans, in the order of their names."""
        return [read_json(path) for path in sorted(self.path.glob("runs/plans/*.json"))]


@pytest.fixture
def program(tmp_path: Path, store_uri: str) -> Program:
    """The command, started in a fresh folder whose mlflow.db is ready."""
    assert store_uri.endswith(f"{tmp_path}/mlflow.db")
    return Program(tmp_path)


@pytest.fixture
def compositions(compose: Callable[..., dict[str, Any]], tmp_path: Path) -> Callable[..., list[Composition]]:
    """Jobs as Hydra composes them, one for each group of overrides: `compositions(["seed=1"], ["seed=2"])`."""

    def made(*jobs: list[str]) -> list[Composition]:
        shared = [f"runs_dir={tmp_path / 'runs'}", "device=cpu"]
        return [Composition(tuple(job), compose(*shared, *job)) for job in jobs]

    return made
