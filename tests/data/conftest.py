"""Fixtures for the tests of the data sets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from attnbench.config import DataConfig
from attnbench.mapping import build

CONFIGS = Path(__file__).parents[2] / "conf" / "data"


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., DataConfig]:
    """Makes the configuration of conf/data/NAME.yaml with changes; `options` and `subwords` are changed by key."""

    def make(name: str, **changes: Any) -> DataConfig:
        loaded = OmegaConf.to_container(OmegaConf.load(CONFIGS / f"{name}.yaml"))
        assert isinstance(loaded, dict)
        values: dict[str, Any] = {str(key): value for key, value in loaded.items()}
        values["cache_dir"] = str(tmp_path / "cache")
        for group in ("options", "subwords"):
            values[group] = values[group] | changes.pop(group, {})
        config: DataConfig = build(DataConfig, values | changes, "data.")
        return config

    return make


@pytest.fixture
def parallel_text(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Writes the six files of a small data set into `tmp_path`; the options that name them. Texts can be replaced."""
    texts = {
        "train_source": "a b\na b c\nb c a d\n",
        "train_target": "x y\nx y z\ny z x w\n",
        "valid_source": "a c\n",
        "valid_target": "x z\n",
        "test_source": "b a d c e\nc\n",
        "test_target": "y x w z v\nz\n",
    }

    def write(**replaced: str | bytes) -> dict[str, str]:
        for role, content in {**texts, **replaced}.items():
            (tmp_path / role).write_bytes(content.encode() if isinstance(content, str) else content)
        return {role: role for role in {**texts, **replaced}}

    return write
