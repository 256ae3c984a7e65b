"""Starts the command line in a folder, with a stand-in for the child, and reads what it left there."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from attnbench.records import Plan, RunFolder

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

    python = sys.executable
    checkout = CHECKOUT

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self, *arguments: str, standin: str = "finish", **variables: str) -> "subprocess.Popen[str]":
        """Starts the command and returns its process."""
        own = {
            "PYTHONPATH": str(CHECKOUT),
            "STANDIN": standin,
            "COLUMNS": "100",
            "XDG_CACHE_HOME": str(self.path / "cache"),
            **variables,
        }
        environment = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"} | own
        return subprocess.Popen(
            [*PROGRAM, *arguments, "device=cpu", "tracking.system_metrics=false"],
            cwd=self.path,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, *arguments: str, standin: str = "finish", **variables: str) -> Ended:
        """Runs the command to its end."""
        with self.start(*arguments, standin=standin, **variables) as process:
            output, errors = process.communicate(timeout=120)
        return Ended(process.returncode, output, errors)

    def folders(self) -> dict[str, RunFolder]:
        """The run folders by mechanism."""
        folders = [RunFolder(path.parent) for path in sorted(self.path.glob("runs/*/config.json"))]
        return {folder.config.required().attention.name: folder for folder in folders}

    def plans(self) -> list[Plan]:
        """The frozen plans, in the order of their names."""
        return [Plan.read(path) for path in sorted(self.path.glob("runs/plans/*.json"))]
