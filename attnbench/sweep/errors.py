"""Errors as a user reads them, a line each: what was wrong, what the choices are, which is nearest."""

import hydra
from hydra.errors import HydraException, MissingConfigException
from omegaconf import MissingMandatoryValue, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from attnbench.checks import suggestion
from attnbench.mapping import flatten
from attnbench.presets import conf_folder

REFUSALS = (ValueError, OSError, HydraException, OmegaConfBaseException)
"""What a user can cause: printed as one message, without a traceback."""


def message(error: Exception) -> str:
    """What was wrong and what to do about it, in one line."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options is not None:
        group, _, name = error.missing_cfg_file.rpartition("/")
        options = ", ".join(error.options)
        return f"Unknown {group or 'configuration'} {name!r}. Known: {options}.{suggestion(name, error.options)}"
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    if isinstance(cause, MissingMandatoryValue):
        return f"Missing option '{cause.full_key}'. Give it a value: {cause.full_key}=VALUE."
    if isinstance(cause, ConfigAttributeError | ConfigKeyError) and "Could not override" in str(error):
        return _unknown_option(str(error).split("'")[1])
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.strerror}: {error.filename}."
    return " ".join(str(error).split())


def _unknown_option(key: str) -> str:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        values = OmegaConf.to_container(hydra.compose("config"), resolve=False)
    assert isinstance(values, dict)
    near = suggestion(key, flatten({str(name): value for name, value in values.items()}))
    return f"Unknown option '{key}'.{near} python -m attnbench --cfg job lists them all."
