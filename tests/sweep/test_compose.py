"""Jobs composed quickly are the jobs that Hydra composes."""

import re
from pathlib import Path

import hydra
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from attnbench.config import RunConfig, to_mapping
from attnbench.presets import conf_folder
from attnbench.records import Tuned, write_record
from attnbench.sweep.compose import Job, compose_jobs, decode

PARSER = OverridesParser.create()
OPTIONS = {
    "attention": ["dot", "general", "none"],
    "seed": ["1", "2"],
    "training.learning_rate": ["0.001", "1e-2"],
    "evaluation.beam_sizes": ["[1]", "[1,5]"],
    "data": ["copy", "grammar"],
    "study": ["'a b'", "c"],
}


def jobs_of(*overrides: str) -> list[Job]:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("config", return_hydra_config=True)
        return compose_jobs(GlobalHydra.instance().config_loader(), config, overrides)


def composed_by_hydra(*overrides: str) -> RunConfig:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return decode(hydra.compose("config", overrides=list(overrides)), PARSER.parse_overrides(list(overrides)))


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(sorted(OPTIONS)), min_size=1, max_size=3, unique=True))
def test_each_job_has_the_options_that_hydra_composes_for_it(keys: list[str]) -> None:
    jobs = jobs_of(*(f"{key}={','.join(OPTIONS[key])}" for key in keys))
    for job in (jobs[0], jobs[-1]):
        assert job.config == composed_by_hydra(*job.overrides)


def test_the_last_override_varies_fastest_and_a_later_one_beats_an_earlier_one_of_its_key() -> None:
    jobs = jobs_of("attention=bahdanau", "seed=1,2", "attention=dot,none")
    assert [job.overrides for job in jobs] == [
        ("attention=dot", "seed=1"),
        ("attention=dot", "seed=2"),
        ("attention=none", "seed=1"),
        ("attention=none", "seed=2"),
    ]


def test_each_mechanism_has_the_options_that_were_chosen_for_it(tmp_path: Path) -> None:
    chosen = {"dot": {"training.learning_rate": 0.01}, "none": {"training.learning_rate": 0.001}}
    write_record(tmp_path / "chosen.json", Tuned("valid/bleu", ["training.learning_rate"], 3, [101], chosen))
    jobs = jobs_of("attention=dot,none", "seed=1,2", f"tuned={tmp_path / 'chosen.json'}")
    assert [(job.config.attention.name, job.config.seed, job.config.training.learning_rate) for job in jobs] == [
        ("dot", 1, 0.01),
        ("dot", 2, 0.01),
        ("none", 1, 0.001),
        ("none", 2, 0.001),
    ]


def test_an_option_that_is_given_and_chosen_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "chosen.json"
    write_record(
        path, Tuned("valid/bleu", ["training.learning_rate"], 3, [101], {"dot": {"training.learning_rate": 0.01}})
    )
    message = f"training.learning_rate is given and chosen by tuned={path}. Leave one of them out."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        jobs_of("attention=dot", "training.learning_rate=0.02", f"tuned={path}")


def test_a_pattern_names_every_file_of_a_group() -> None:
    presets = {path.stem for path in (conf_folder() / "attention").glob("*.yaml")}
    assert {job.config.attention.name for job in jobs_of("attention=glob(*)")} == presets


def test_an_interpolation_may_ask_for_what_hydra_chose() -> None:
    jobs = jobs_of("attention=dot,none", "study=${hydra:runtime.choices.attention}")
    assert [job.config.study for job in jobs] == ["dot", "none"]


def test_an_interval_is_refused() -> None:
    message = "seed must vary over values that are named, received seed=interval(1,3). Use seed=A,B."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        jobs_of("seed=interval(1,3)")


def test_the_text_to_translate_may_lie_where_another_option_says() -> None:
    (job,) = jobs_of("runs_dir=here", "input=${runs_dir}/text.txt", "output='out.txt'")
    assert (job.config.input, job.config.output) == ("here/text.txt", "out.txt")


@pytest.mark.parametrize("text", ["12e4", "0123", "'12e4'"])
def test_a_signature_stays_as_it_was_typed(text: str) -> None:
    (job,) = jobs_of(f"run={text}")
    assert job.config.run == text.strip("'")


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=["C"], exclude_characters="$"), min_size=1), st.sampled_from(Quote))
def test_a_quoted_path_stays_what_it_is(default_config: RunConfig, path: str, quote: Quote) -> None:
    override = PARSER.parse_override(f"input={QuotedString(path, quote).with_quotes()}")
    config = OmegaConf.create(to_mapping(default_config))
    OmegaConf.update(config, "input", override.value())
    assert decode(config, [override]).input == path


@pytest.mark.parametrize(
    ("text", "path"), [(r"my\ file.txt", "my file.txt"), (r"a\,b", "a,b"), (r"'it\'s.txt'", "it's.txt"), ("7", "7")]
)
def test_a_path_may_hold_what_hydra_escapes(text: str, path: str) -> None:
    (job,) = jobs_of(f"input={text}")
    assert job.config.input == path
