"""Fixtures that every part of the tests may ask for."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
import pytest
from omegaconf import OmegaConf

from attnbench.config import RunConfig, from_mapping

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real corpora that ATTNBENCH_CORPORA names."""
    folder = os.environ.get("ATTNBENCH_CORPORA")
    if not folder:
        pytest.skip("needs real corpora: set ATTNBENCH_CORPORA to a folder that holds multi30k/ and hansards/")
    return Path(folder)


@pytest.fixture(scope="session")
def compose() -> Callable[..., dict[str, Any]]:
    """Composes conf/ with the given overrides, as a command line does: `compose("attention=dot", "seed=3")`.

    `config_dir` is a further folder of groups, as `--config-dir` names it.
    """

    def composed(*overrides: str, config_dir: Path | None = None) -> dict[str, Any]:
        own = [f"hydra.searchpath=[file://{config_dir}]"] if config_dir else []
        with hydra.initialize_config_dir(version_base="1.3", config_dir=str(CHECKOUT / "conf")):
            config = hydra.compose("config", overrides=[*overrides, *own])
        values = OmegaConf.to_container(config, resolve=True)
        assert isinstance(values, dict)
        return {str(key): value for key, value in values.items()}

    return composed


@pytest.fixture(scope="session")
def default_config(compose: Callable[..., dict[str, Any]]) -> RunConfig:
    """The checked configuration of the default run."""
    return from_mapping(compose())
