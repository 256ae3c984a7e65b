"""What a command asks for: its jobs, composed by Hydra, and the launcher that is to do them."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import hydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import OverrideParseException
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from attnbench.presets import conf_folder
from attnbench.records import ExitCode
from attnbench.sweep.compose import Job
from attnbench.tracking import public

# Hydra looks for plugins here too, in this process and in those that a launcher starts.
sys.path.append(str(Path(__file__).parent / "plugins"))

_ASK_HYDRA = {"--cfg", "-c", "--info", "-i", "--help", "-h", "--hydra-help", "--shell-completion", "-sc"}
_IN_MEMORY = (".BasicLauncher", ".JoblibLauncher")


@dataclass(frozen=True)
class Launcher:
    """Hydra's launcher as a command chose and configured it.

    Attributes:
        context: Hydra's, which its launchers need.
        config: the command's options, Hydra's own among them; what varies over jobs is absent.
    """

    context: HydraContext
    config: DictConfig

    @property
    def in_this_process(self) -> bool:
        """Whether the runs are done in this process, one after another: Hydra's basic launcher."""
        return self._target.endswith(".BasicLauncher")

    @property
    def parallel(self) -> int:
        """How many runs share this machine at once; -1: one per core."""
        return int(self.config.hydra.launcher.get("n_jobs") or 1)

    def launch(self, task_function: TaskFunction, jobs: Sequence[Sequence[str]]) -> None:
        """Has the launcher call `task_function` once for each of `jobs`, given as overrides, and waits for all.

        A launcher may start processes elsewhere; `task_function` is pickled to get there.

        Raises:
            Exception: the first one that a call raised, once all are done.
        """
        launcher = Plugins.instance().instantiate_launcher(self.context, task_function, self.config)
        for job in launcher.launch(jobs, initial_job_idx=0):
            _ = job.return_value  # raises what the call raised

    def check_store(self, uri: str) -> None:
        """Raises ValueError where launching may write the password of the store at `uri` to a file."""
        if public(uri) != uri and not self._target.endswith(_IN_MEMORY):
            raise ValueError(
                f"tracking.uri={public(uri)} holds a password, which {self._target} may write to a file. Leave it out; "
                "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or for PostgreSQL use ~/.pgpass."
            )

    @property
    def _target(self) -> str:
        return str(self.config.hydra.launcher._target_)


class Request:
    """What a command asks for: Hydra carries it as its task function to `PlannedSweeper`, which fills it.

    Attributes:
        jobs: none where Hydra answers a command itself: `--cfg`, `--info`.
        launcher: the one that is to do them.
    """

    launcher: Launcher

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def __call__(self, _config: DictConfig) -> None:
        """Refuses to be called, as `hydra.mode=RUN` would do."""
        print("Runs are planned first, which needs hydra.mode=MULTIRUN. Leave it as it is.", file=sys.stderr)
        raise SystemExit(ExitCode.REFUSED)


def read_command_line() -> Request:
    """The request of this program's command line.

    Raises:
        ValueError: an option has a wrong value.
        HydraException, OmegaConfBaseException: Hydra cannot compose the options.
    """
    request, arguments = Request(), sys.argv
    without_sweep = _ASK_HYDRA.intersection(arguments) or any(each.startswith("hydra.mode=") for each in arguments)
    sys.argv = arguments if without_sweep else list(map(_deferred, arguments))
    try:
        hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")(request)()
    finally:
        sys.argv = arguments
    return request


def _deferred(argument: str) -> str:
    """`argument`; a value below a group becomes a choice of one: `data.options.alphabet=choice(5)`.

    Hydra sets other values before the sweep has chosen from the group, in options that may lack them.
    """
    key, _, value = argument.partition("=")
    group, dot, _ = key.lstrip("+").partition(".")
    if not value or not dot or not (conf_folder() / group).is_dir():
        return argument
    try:
        swept = OverridesParser.create().parse_override(argument).is_sweep_override()
    except OverrideParseException:  # Hydra says what is wrong
        return argument
    return argument if swept else f"{key}=choice({value})"
