"""Jobs composed quickly are the jobs that Hydra composes."""

import re

import hydra
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from attnbench.sweep.compose import composition, compositions, conf_folder

OPTIONS = {
    "attention": ["dot", "general", "none"],
    "seed": ["1", "2"],
    "training.learning_rate": ["0.001", "1e-2"],
    "evaluation.beam_sizes": ["[1]", "[1,5]"],
    "data": ["copy", "grammar"],
    "study": ["'a b'", "c"],
}


def jobs_of(*overrides: str) -> list[tuple[tuple[str, ...], dict[str, object]]]:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("config", overrides=["hydra.mode=MULTIRUN"], return_hydra_config=True)
        config.hydra.overrides.task = list(overrides)
        return [(job.overrides, job.values) for job in compositions(config, "config")]


def composed_by_hydra(*overrides: str) -> object:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return OmegaConf.to_container(hydra.compose("config", overrides=list(overrides)), resolve=True)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(sorted(OPTIONS)), min_size=1, max_size=3, unique=True))
def test_each_job_has_the_options_that_hydra_composes_for_it(keys: list[str]) -> None:
    jobs = jobs_of(*(f"{key}={','.join(OPTIONS[key])}" for key in keys))
    for overrides, values in (jobs[0], jobs[-1]):
        assert values == composed_by_hydra(*overrides)


def test_jobs_come_in_the_order_in_which_hydra_numbers_them() -> None:
    assert [overrides for overrides, _ in jobs_of("attention=dot,none", "seed=1,2")] == [
        ("attention=dot", "seed=1"),
        ("attention=dot", "seed=2"),
        ("attention=none", "seed=1"),
        ("attention=none", "seed=2"),
    ]


@pytest.mark.parametrize("text", ["12e4", "0123", "'12e4'"])
def test_a_signature_stays_as_it_was_typed(text: str) -> None:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("config", overrides=[f"run={text}"], return_hydra_config=True)
    assert composition(config).values["run"] == text.strip("'")


def test_another_sweeper_is_refused() -> None:
    message = "A sweep is planned before it starts, which needs hydra/sweeper=basic, received 'ax.AxSweeper'."
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        overrides = ["hydra.mode=MULTIRUN", "hydra.sweeper._target_=ax.AxSweeper"]
        config = hydra.compose("config", overrides=overrides, return_hydra_config=True)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        compositions(config, "config")
