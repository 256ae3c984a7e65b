"""Starts a command of a checkout in another folder."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def start(words: Sequence[str], folder: Path, checkout: Path) -> subprocess.Popen[bytes]:
    """`python WORDS` in `folder`, with the modules of `checkout`; what it prints is dropped."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    return subprocess.Popen([sys.executable, *words], cwd=folder, env=environment, stdout=subprocess.DEVNULL)
