"""The command line with a stand-in for the child, in a folder of the test's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attnbench.sweep.compose import Composition
from tests.sweep.driver import Program


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
