"""The studies of experiments/ compose, and each says what its file has to say."""

import re
from collections.abc import Iterator
from pathlib import Path

import hydra
import pytest
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig

from attnbench.presets import conf_folder
from attnbench.sweep.compose import Job, compose_jobs

CHECKOUT = Path(__file__).parents[2]
STUDIES = sorted(path.stem for path in (CHECKOUT / "experiments").glob("*.yaml"))


@pytest.fixture
def study(request: pytest.FixtureRequest) -> Iterator[tuple[DictConfig, list[Job]]]:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        overrides = [f"+experiments={request.param}"]
        config = hydra.compose("config", overrides=overrides, return_hydra_config=True)
        varied = [f"{key}={value}" for key, value in config.hydra.sweeper.params.items()]
        yield config, compose_jobs(GlobalHydra.instance().config_loader(), config, [*overrides, *varied])


@pytest.mark.parametrize("study", STUDIES, indirect=True, ids=STUDIES)
def test_a_study_sweeps_by_itself_over_checked_runs_of_its_own_name(
    study: tuple[DictConfig, list[Job]], request: pytest.FixtureRequest
) -> None:
    config, jobs = study
    configs = [job.config for job in jobs]
    assert config.hydra.mode.name == "MULTIRUN"
    assert {each.study for each in configs} == {request.node.callspec.id}
    assert len({str(each) for each in configs}) == len(jobs) > 1
    assert all("?" in str(each.question) for each in configs)


@pytest.mark.parametrize("study", STUDIES, indirect=True, ids=STUDIES)
def test_a_study_says_question_grid_command_and_duration_and_is_in_the_catalogue(
    study: tuple[DictConfig, list[Job]], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    head = (CHECKOUT / "experiments" / f"{name}.yaml").read_text()
    for part in ("Grid: ", f"Command:  python -m attnbench -m +experiments={name}", "Measured: "):
        assert f"# {part}" in head
    runs = len(study[1])
    assert re.search(rf"\b{runs} runs", head)
    assert re.search(
        rf"\[{name}\]\({name}\.yaml\) \|.*\| {runs} \|", (CHECKOUT / "experiments" / "README.md").read_text()
    )


def test_the_studies_lie_inside_the_folder_of_configurations() -> None:
    assert sorted(path.stem for path in (conf_folder() / "experiments").glob("*.yaml")) == STUDIES
