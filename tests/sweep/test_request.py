"""The launcher that a command chose."""

import re
from unittest.mock import Mock

import pytest
from omegaconf import OmegaConf

from attnbench.sweep.request import Launcher

SUBMITIT = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher"
JOBLIB = "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"
BASIC = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


def launcher(target: str, **options: int) -> Launcher:
    return Launcher(Mock(), OmegaConf.create({"hydra": {"launcher": {"_target_": target, **options}}}))


def test_hydras_own_launcher_does_the_runs_in_this_process() -> None:
    assert [launcher(target).in_this_process for target in (BASIC, JOBLIB, SUBMITIT)] == [True, False, False]
    assert [each.parallel for each in (launcher(BASIC), launcher(JOBLIB, n_jobs=-1), launcher(JOBLIB, n_jobs=3))] == [
        1,
        -1,
        3,
    ]


def test_a_password_is_refused_where_a_launcher_may_write_it_down() -> None:
    message = (
        f"tracking.uri=http://ada:***@a holds a password, which {SUBMITIT} may write to a file. Leave it out; "
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or for PostgreSQL use ~/.pgpass."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        launcher(SUBMITIT).check_store("http://ada:xyzzy@a")
    launcher(SUBMITIT).check_store("http://a")
    launcher(JOBLIB).check_store("http://ada:xyzzy@a")
