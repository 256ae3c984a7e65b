"""Starts a command of a checkout in another folder."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def start(arguments: Sequence[str], folder: Path, checkout: Path) -> subprocess.Popen[bytes]:
    """`python -m attnbench ARGUMENTS` in `folder`, with the modules of `checkout`; what it prints is dropped."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-m", "attnbench", *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)


def finish(arguments: Sequence[str], folder: Path, checkout: Path) -> None:
    """Waits until the command has ended.

    Raises:
        RuntimeError: it has failed.
    """
    if start(arguments, folder, checkout).wait() != 0:
        raise RuntimeError(f"python -m attnbench {' '.join(arguments)} has failed. Its messages are above.")
