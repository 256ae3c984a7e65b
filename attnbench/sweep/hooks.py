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
from attnbench.sweep.plan import PLAN_VARIABLE, claim, make_plan, stop_of
from attnbench.sweep.table import print_plan


class Plan(Callback):
    """Hydra's callback; an error ends the program here, since Hydra itself would only warn and start the jobs."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Plans a single run, or does a task on a finished one."""
        _or_exit(lambda: _begin(config, [composition(config)], Launcher(one_by_one=True, parallel=1)))

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Plans a sweep."""
        name = str(kwargs["config_name"])
        _or_exit(lambda: _begin(config, compositions(config, name), Launcher.of(config)))


def _or_exit(step: Callable[[], None]) -> None:
    try:
        step()
    except REFUSALS as error:
        print(sentence(error), file=sys.stderr)
        raise SystemExit(REFUSED) from None
    except Exception:
        traceback.print_exc()
        raise SystemExit(1) from None


def _begin(config: DictConfig, jobs: Sequence[Composition], launcher: Launcher) -> None:
    first = from_mapping(jobs[0].values)
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
    if plan.one_by_one:
        _make_one_job(config, jobs[0])
    # Launchers that start jobs elsewhere hand each of them these variables, composed from the sweep's overrides.
    with open_dict(config):
        config.hydra.job.env_set[PLAN_VARIABLE] = str(path)
        config.hydra.overrides.hydra.append(f"+hydra.job.env_set.{PLAN_VARIABLE}='{path}'")


def _make_one_job(config: DictConfig, first: Composition) -> None:
    """Makes the sweep a single job of Hydra's, which does the whole plan: Hydra would compose every run twice more."""
    with open_dict(config):
        config.hydra.sweeper.params = {}
        config.hydra.overrides.task = list(first.overrides)
