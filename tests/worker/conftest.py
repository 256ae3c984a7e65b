"""Runs of the worker in a process of its own, on data small enough for seconds."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attnbench.config import from_mapping, to_mapping
from attnbench.results import RunFolder, write_json

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
)
COMMAND = (sys.executable, "-m", "attnbench.worker")


@pytest.fixture(scope="session")
def prepare(compose: Callable[..., dict[str, Any]]) -> Callable[..., RunFolder]:
    """`prepare(path, "attention=dot")`: a run folder as the parent leaves it for its child."""

    def prepared(path: Path, *overrides: str) -> RunFolder:
        folder = RunFolder(path)
        write_json(folder.config, to_mapping(from_mapping(compose(*TINY, *overrides))))
        write_json(folder.facts, {"signature": "5e", "provenance": {"device": "a CPU", "versions": {"keras": "3"}}})
        return folder

    return prepared


def start(folder: RunFolder, *words: str) -> subprocess.Popen[str]:
    """The worker on `folder`, its output kept in run.log."""
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
    with folder.log.open("a") as log:
        return subprocess.Popen(
            [*COMMAND, str(folder.path), *words],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment,
            text=True,
        )


def run(folder: RunFolder, *words: str) -> int:
    """The exit code of the worker on `folder`."""
    child = start(folder, *words)
    try:
        return child.wait(timeout=100)
    finally:
        child.kill()
        child.wait()
        if child.stdin is not None:
            child.stdin.close()


def result(folder: RunFolder) -> dict[str, Any]:
    """result.json."""
    found = json.loads(folder.result.read_text())
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="session")
def finished(prepare: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished run of `bahdanau`."""
    folder = prepare(tmp_path_factory.mktemp("finished") / "run", "attention=bahdanau")
    assert run(folder) == 0, folder.log.read_text()
    return folder
