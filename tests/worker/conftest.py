"""Runs of the worker in a process of its own, on data small enough for seconds."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attnbench.config import from_mapping
from attnbench.records import ExitCode, RunFolder
from tests import made

TINY = (
    "data=reverse",
    "hidden_size=10",
    "sequence_length=8",
    "threads=1",
    "device=cpu",
    "model.embedding_size=7",
    "training.epochs=3",
    "training.batch_size=16",
    "data.options.alphabet=5",
    "data.options.train_pairs=320",
    "data.options.valid_pairs=16",
    "data.options.test_pairs=64",
    "data.options.shortest=3",
    "data.options.middle=6",
    "data.options.longest=9",
    "evaluation.beam_sizes=[1,2]",
    "evaluation.attention_maps=2",
    "evaluation.timed_seconds=0.1",
)
COMMAND = (sys.executable, "-m", "attnbench.worker")


@pytest.fixture(scope="session")
def prepare(compose: Callable[..., dict[str, Any]]) -> Callable[..., RunFolder]:
    """`prepare(path, "attention=dot")`: a run folder as the parent leaves it for its child."""

    def prepared(path: Path, *overrides: str) -> RunFolder:
        folder = RunFolder(path)
        folder.config.write(from_mapping(compose(*TINY, *overrides)))
        folder.facts.write(made.identity())
        return folder

    return prepared


def start(folder: RunFolder, *arguments: str) -> subprocess.Popen[str]:
    """The worker on `folder`, its output in run.log."""
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
    with folder.log.path.open("a") as log:
        return subprocess.Popen(
            [*COMMAND, str(folder.path), *arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment,
            text=True,
        )


def run(folder: RunFolder, *arguments: str) -> int:
    """The exit code of the worker on `folder`."""
    child = start(folder, *arguments)
    try:
        return child.wait(timeout=250)
    finally:
        child.kill()
        child.wait()
        if child.stdin is not None:
            child.stdin.close()


@pytest.fixture(scope="session")
def finished(prepare: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished run of `bahdanau`."""
    folder = prepare(tmp_path_factory.mktemp("finished") / "run", "attention=bahdanau")
    assert run(folder) == ExitCode.FINISHED, folder.log.path.read_text()
    return folder
