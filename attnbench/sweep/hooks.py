"""Where Hydra calls this package before its jobs start: the plan is made, shown and frozen here."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, open_dict

from attnbench.config import from_mapping
from attnbench.sweep.compose import Composition, Launcher, composition, compositions
from attnbench.sweep.errors import REFUSALS, REFUSED, sentence
from attnbench.sweep.finished import TASKS
from attnbench.sweep.plan import PLAN_VARIABLE, STORE_VARIABLE, claim, make_plan, stop_of
from attnbench.sweep.table import print_plan
from attnbench.tracking import public


class Plan(Callback):
    """Hydra's callback; an error ends the program here, since Hydra itself would only warn and start the jobs."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Plans a single run, or does a task on a finished one."""
        _or_exit(lambda: _begin([composition(config)], Launcher(one_by_one=True, parallel=1)))

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Plans a sweep."""
        _or_exit(lambda: _begin_sweep(config, str(kwargs["config_name"])))


def _or_exit(step: Callable[[], None]) -> None:
    try:
        step()
    except REFUSALS as error:
        print(sentence(error), file=sys.stderr)
        raise SystemExit(REFUSED) from None
    except Exception:
        traceback.print_exc()
        raise SystemExit(1) from None


def _begin(jobs: Sequence[Composition], launcher: Launcher) -> None:
    first = from_mapping(jobs[0].values)
    os.environ[STORE_VARIABLE] = first.tracking.uri
    if len(jobs) == 1 and first.task in TASKS:
        return
    if not first.dry_run:
        claim(Path(first.runs_dir))
    plan = make_plan(jobs, launcher)
    print_plan(plan, every_run=first.dry_run)
    if first.dry_run:
        raise SystemExit(0)
    path = plan.write(Path(first.runs_dir)).resolve()
    os.environ[PLAN_VARIABLE] = str(path)
    stop_of(path).listen()


def _begin_sweep(config: DictConfig, config_name: str) -> None:
    jobs, launcher = compositions(config, config_name), Launcher.of(config)
    _begin(jobs, launcher)
    path = os.environ.get(PLAN_VARIABLE)
    with open_dict(config):
        _hide_password(config)
        if launcher.one_by_one:
            # A single job of Hydra's does the whole plan: Hydra would compose each run twice more, 0.1 s each.
            config.hydra.sweeper.params = {}
            config.hydra.overrides.task = list(map(public, jobs[0].overrides))
        elif path is not None:
            # Launchers that start jobs elsewhere compose them from these overrides.
            config.hydra.overrides.hydra.append(f"+hydra.job.env_set.{PLAN_VARIABLE}='{path}'")


def _hide_password(config: DictConfig) -> None:
    """Takes the store's password out of what Hydra writes into multirun.yaml."""
    config.tracking.uri = public(config.tracking.uri)
    config.hydra.job.override_dirname = public(config.hydra.job.override_dirname)
    config.hydra.overrides.task = list(map(public, config.hydra.overrides.task))
