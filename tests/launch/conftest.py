"""A launcher whose child is the stand-in."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attnbench.config import RunConfig
from attnbench.launch import Stop, launch
from attnbench.records import Outcome, Progress, RunFolder
from tests import made

CHECKOUT = Path(__file__).parents[2]
STANDIN = (sys.executable, str(CHECKOUT / "tests" / "standin.py"))


@pytest.fixture(autouse=True)
def _children_find_the_package_and_no_cores_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run folder in which nothing has happened."""
    return RunFolder(tmp_path / "run")


@pytest.fixture
def stop(tmp_path: Path) -> Stop:
    """A request to stop that nobody has made."""
    return Stop(tmp_path / "plan.stop")


@pytest.fixture
def start(
    folder: RunFolder, stop: Stop, default_config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Outcome]:
    """Launches the stand-in: `start("crash", seed=2)` behaves as `crash` with option seed 2."""

    def started(
        behaviour: str,
        *,
        fresh: bool = False,
        progress: Callable[[Progress | None], None] = lambda _: None,
        **options: Any,
    ) -> Outcome:
        monkeypatch.setenv("STANDIN", behaviour)
        config = replace(default_config, **{"device": "cpu", "threads": 1, **options})
        return launch(
            folder,
            config,
            identity=made.identity(),
            fresh=fresh,
            stop=stop,
            progress=progress,
            command=STANDIN,
        )

    return started
