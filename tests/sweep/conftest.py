"""The command line with a stand-in for the child, in a folder of the test's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attnbench.config import from_mapping
from attnbench.sweep.compose import Job
from tests.sweep.driver import Program


@pytest.fixture
def program(tmp_path: Path, store_uri: str) -> Program:
    """The command, started in a fresh folder whose mlflow.db is ready."""
    assert store_uri.endswith(f"{tmp_path}/mlflow.db")
    return Program(tmp_path)


@pytest.fixture
def jobs(compose: Callable[..., dict[str, Any]], tmp_path: Path) -> Callable[..., list[Job]]:
    """Jobs as Hydra composes them, one for each group of overrides: `jobs(["seed=1"], ["seed=2"])`."""

    def composed(*groups: list[str]) -> list[Job]:
        shared = [f"runs_dir={tmp_path / 'runs'}", "device=cpu"]
        return [Job(tuple(overrides), from_mapping(compose(*shared, *overrides))) for overrides in groups]

    return composed
