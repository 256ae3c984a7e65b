"""Errors as a user reads them, a line each: what was wrong, what the choices are, which is nearest."""

from typing import Any, cast

import hydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import MissingMandatoryValue, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, InterpolationKeyError, OmegaConfBaseException

from attnbench.checks import suggestion
from attnbench.mapping import flatten
from attnbench.presets import conf_folder
from attnbench.tracking import public

REFUSALS = (ValueError, OSError, HydraException, OmegaConfBaseException)
"""What a user can cause: printed as one message, without a traceback."""


def message(error: Exception) -> str:
    """What was wrong and what to do about it, in one line."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options is not None:
        group, _, name = error.missing_cfg_file.rpartition("/")
        options = ", ".join(error.options)
        return f"Unknown {group or 'configuration'} {name!r}. Known: {options}.{suggestion(name, error.options)}"
    if isinstance(error, OverrideParseException):
        return (
            f"Cannot read the argument {public(error.override)!r}. Put a value with special characters in quotes, for "
            """Hydra and for the shell: 'OPTION="VALUE"'."""
        )
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    if isinstance(cause, MissingMandatoryValue):
        return f"Missing option '{cause.full_key}'. Give it a value: {cause.full_key}=VALUE."
    if isinstance(cause, InterpolationKeyError):
        wrong = str(cause).partition("\n")[0]
        return f"{wrong}, which {cause.full_key} refers to. Hydra's own options have a colon: ${{hydra:runtime.cwd}}."
    if isinstance(cause, ConfigAttributeError | ConfigKeyError) and "Could not override" in str(error):
        key = str(error).split("'")[1]
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            known = cast(dict[str, Any], OmegaConf.to_container(hydra.compose("config"), resolve=False))
        return f"Unknown option '{key}'.{suggestion(key, flatten(known))} python -m attnbench --cfg job lists them all."
    if isinstance(error, OSError) and error.strerror is not None:
        return f"{error.strerror}: {error.filename}." if error.filename is not None else f"{error.strerror}."
    return " ".join(str(error).split())
