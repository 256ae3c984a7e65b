"""A run's configuration as the command line would compose it, for the benchmarks in this folder."""

from hydra import compose, initialize_config_dir

from attnbench.config import RunConfig, from_mapping
from attnbench.sweep.compose import conf_folder, plain_values


def run_config(*overrides: str) -> RunConfig:
    """What `python -m attnbench OVERRIDES` would run."""
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return from_mapping(plain_values(compose("config", overrides=list(overrides)), overrides))
