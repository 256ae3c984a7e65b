"""From a command's overrides to its jobs: one checked configuration for each combination of values."""

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf

from attnbench.config import Role, RunConfig, from_mapping, top_level
from attnbench.records import Tuned


@dataclass(frozen=True)
class Job:
    """One combination of a command's values.

    Attributes:
        overrides: what Hydra composes it from.
        config: its checked options.
    """

    overrides: tuple[str, ...]
    config: RunConfig


def compose_jobs(loader: ConfigLoader, config: DictConfig, lines: Sequence[str]) -> list[Job]:
    """The jobs that `lines` of overrides ask for, the values of the last line varying fastest.

    Args:
        loader: Hydra's.
        config: the command's options, Hydra's own among them.
        lines: overrides; of two with the same key the later one counts.

    Raises:
        ValueError: an option has a wrong value, or a continuous sweep is asked for.
        HydraException, OmegaConfBaseException: Hydra cannot compose the options.
    """
    parser = OverridesParser.create(config_loader=loader)
    choices: dict[str, list[Override]] = {}
    groups: set[str] = set()
    for override in parser.parse_overrides(list(lines)):
        choices[override.get_key_element()] = parser.parse_overrides(_choices(override))
        if loader.get_group_options(override.key_or_group):
            groups.add(override.key_or_group)
    # Jobs that differ in plain values alone share Hydra's work, 0.1 s each. All jobs of a command override the same
    # options, so setting a job's values leaves nothing of the job before.
    composed: dict[tuple[str, ...], DictConfig] = {}
    jobs: list[Job] = []
    for overrides in itertools.product(*choices.values()):
        typed = tuple(str(override.input_line) for override in overrides)
        plain = [override for override in overrides if override.key_or_group not in groups and _sets_a_value(override)]
        given = {override.key_or_group for override in overrides}
        shared = tuple(line for line, override in zip(typed, overrides) if override not in plain)
        if shared not in composed:
            composed[shared] = loader.load_sweep_config(config, list(typed))
        for override in plain:
            OmegaConf.update(composed[shared], override.key_or_group, override.value())
        _apply_tuned(composed[shared], given)
        HydraConfig.instance().set_config(composed[shared])  # interpolations may ask for Hydra's own options
        jobs.append(Job(typed, decode(composed[shared], overrides)))
    return jobs


def _apply_tuned(config: DictConfig, given: Collection[str]) -> None:
    """Sets the options that `tuned=FILE` has for the job's mechanism; `given` are the keys that the command sets.

    Raises:
        ValueError: the file is not as a report writes it, does not fit the job, or the command sets one of its options.
    """
    if config.tuned is None:
        return
    for key, value in Tuned.read(Path(config.tuned)).options(config.attention.name, config.seed).items():
        if key in given:
            raise ValueError(f"{key} is given and chosen by tuned={config.tuned}. Leave one of them out.")
        OmegaConf.update(config, key, value)


def decode(config: DictConfig, overrides: Iterable[Override] = ()) -> RunConfig:
    """The checked options of `config`, Hydra's own left out, with interpolations resolved.

    Raises:
        ValueError: an option is unknown, missing or has a wrong value.
        OmegaConfBaseException: an interpolation cannot be resolved.
    """
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    values = OmegaConf.to_container(own, resolve=True, throw_on_missing=True)
    assert isinstance(values, dict)
    # File names and signatures as they were typed: `run=12e4` is not a number.
    strings = {
        override.key_or_group: override.get_value_string()
        for override in overrides
        if override.key_or_group in top_level(Role.INPUT) and isinstance(override.value(), int | float)
    }
    return from_mapping({str(key): value for key, value in values.items()} | strings)


def _choices(override: Override) -> list[str]:
    """The overrides among which a sweep chooses; one that sweeps nothing is its own only choice."""
    if not override.is_sweep_override():
        return [str(override.input_line)]
    key = override.get_key_element()
    if not override.is_discrete_sweep():
        raise ValueError(f"{key} must vary over values that are named, received {override.input_line}. Use {key}=A,B.")
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def _sets_a_value(override: Override) -> bool:
    """Whether an override changes one option to a number or a string, rather than adding, deleting or merging."""
    plain = override.type is OverrideType.CHANGE and not isinstance(override.value(), dict | list)
    return plain and override.key_or_group != "tuned"  # whose file sets further options
