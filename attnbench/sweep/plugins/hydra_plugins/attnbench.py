"""Where Hydra hands a command over; it takes plugins from the namespace `hydra_plugins` alone, so this file lies there.

Every command comes this way: conf/config.yaml says `hydra.mode: MULTIRUN`, and one run is a sweep of one.
"""

from collections.abc import Mapping
from typing import Any

from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from attnbench.sweep.compose import compose_jobs
from attnbench.sweep.request import Launcher, Request


class PlannedSweeper(Sweeper):
    """Composes every job of a command and hands all of them over; starts none.

    Args:
        params: the options that a study varies, with their values as on a command line.
        others: what Hydra's own sweepers take; it has to be None.
    """

    def __init__(self, params: Mapping[str, str] | None, **others: Any) -> None:
        self._params = params or {}
        self._others = others

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keeps what Hydra gives a sweeper; `task_function` is the Request that it was started with."""
        assert isinstance(task_function, Request)
        self._request = task_function
        self._request.launcher = Launcher(hydra_context, config)

    def sweep(self, arguments: list[str]) -> None:
        """Hands over the jobs of `arguments`, which beat a study's `params` of the same key."""
        for key, value in self._others.items():
            if value is not None:
                raise ValueError(
                    f"hydra.sweeper.{key}={value} has no effect: all runs are planned before the first one starts. "
                    "Leave out hydra.sweeper and hydra/sweeper."
                )
        lines = [*(f"{key}={value}" for key, value in self._params.items()), *arguments]
        launcher = self._request.launcher
        self._request.jobs = compose_jobs(launcher.context.config_loader, launcher.config, lines)
