"""From Hydra's command line to one plain mapping of options a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf

_TEXTS = ("run", "input", "output")


@dataclass(frozen=True)
class Composition:
    """The options of one job, and the overrides that made them."""

    overrides: tuple[str, ...]
    values: dict[str, Any]


def conf_folder() -> Path:
    """The folder of configurations: inside the package where it is installed, beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def composition(config: DictConfig) -> Composition:
    """The options of a single run, as Hydra composed them."""
    return _plain(config, list(config.hydra.overrides.task))


def compositions(config: DictConfig, config_name: str) -> list[Composition]:
    """The options of every job of a sweep, in the order in which Hydra numbers them.

    Raises:
        ValueError: another sweeper than Hydra's basic one is chosen, so the jobs cannot be known beforehand.
    """
    target = str(config.hydra.sweeper._target_)
    if not target.endswith(".BasicSweeper"):
        raise ValueError(f"A sweep is planned before it starts, which needs hydra/sweeper=basic, received {target!r}.")
    params = config.hydra.sweeper.params or {}
    lines = [f"{key}={value}" for key, value in params.items()] + list(config.hydra.overrides.task)
    parsed = OverridesParser.create().parse_overrides(lines)
    batches = BasicSweeper.split_arguments(parsed, config.hydra.sweeper.max_batch_size)
    composer = _Composer(config_name, list(config.hydra.overrides.hydra))
    return [composer.compose(overrides) for batch in batches for overrides in batch]


@dataclass(frozen=True)
class Launcher:
    """How Hydra's launcher does jobs.

    Attributes:
        one_by_one: one after another in this process.
        parallel: how many share this machine at once; -1 means one a core.
    """

    one_by_one: bool
    parallel: int

    @classmethod
    def of(cls, config: DictConfig) -> "Launcher":
        """The chosen one."""
        node = config.hydra.launcher
        return cls(str(node._target_).endswith(".BasicLauncher"), int(node.get("n_jobs") or 1))


class _Composer:
    """Composes the jobs of one sweep; those that differ in plain values alone share Hydra's work, 0.1 s each.

    All jobs of a sweep override the same options, so setting a job's values leaves nothing of the job before.
    """

    def __init__(self, config_name: str, shared: list[str]) -> None:
        self._config_name = config_name
        self._shared = shared
        self._composed: dict[tuple[str, ...], DictConfig] = {}
        self._groups: dict[str, bool] = {}

    def compose(self, overrides: list[str]) -> Composition:
        parsed = OverridesParser.create().parse_overrides(overrides)
        plain = [override for override in parsed if self._sets_a_value(override)]
        rest = tuple(str(override.input_line) for override in parsed if override not in plain)
        config = self._composed.get(rest)
        if config is None:
            lines = [*self._shared, *overrides]
            config = hydra.compose(self._config_name, overrides=lines, return_hydra_config=True)
            self._composed[rest] = config
        for override in plain:
            OmegaConf.update(config, override.key_or_group, override.value())
        return _plain(config, overrides)

    def _sets_a_value(self, override: Override) -> bool:
        """Whether an override gives an option a number or a text, rather than choosing a file or changing a group."""
        if override.type is not OverrideType.CHANGE or isinstance(override.value(), dict | list):
            return False
        key = override.key_or_group
        if key not in self._groups:
            self._groups[key] = bool(GlobalHydra.instance().config_loader().get_group_options(key))
        return not self._groups[key]


def plain_values(config: DictConfig, overrides: Sequence[str]) -> dict[str, Any]:
    """The options of `config` with their interpolations resolved, free of Hydra's own node."""
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    values = OmegaConf.to_container(own, resolve=True, throw_on_missing=True)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()} | _texts(overrides)


def _plain(config: DictConfig, overrides: Sequence[str]) -> Composition:
    """Interpolations may ask Hydra's own node, so it is the one in force meanwhile."""
    holder = HydraConfig.instance()
    before = holder.cfg
    holder.set_config(config)
    try:
        return Composition(tuple(overrides), plain_values(config, overrides))
    finally:
        holder.cfg = before


def _texts(overrides: Sequence[str]) -> dict[str, str]:
    """File names and signatures as they were typed: `run=12e4` is not a number."""
    typed = dict(override.split("=", 1) for override in overrides if "=" in override)
    return {key: typed[key].strip("'\"") for key in _TEXTS if typed.get(key, "null") != "null"}
