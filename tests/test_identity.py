"""A signature changes with whatever can change a result, and with nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from attnbench.config import from_mapping
from attnbench.identity import identity, signature

FACTS = {"device": "a CPU", "threads": 2}


@pytest.fixture
def signed(compose: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """The signature of the configuration that overrides make."""
    return lambda *overrides: signature(from_mapping(compose(*overrides)), FACTS)


@pytest.mark.parametrize(
    "override",
    [
        "study=other",
        "runs_dir=elsewhere",
        "reports_dir=elsewhere",
        "tracking.uri=sqlite:///other.db",
        "time_limit_minutes=5",
        "rerun=all",
        "dry_run=true",
        "training.checkpoint_seconds=5",
        "data.root=elsewhere",
        "data.cache_dir=elsewhere",
        "profile.steps=5",
        "attention.name=mine",
    ],
)
def test_what_cannot_change_a_result_does_not_change_the_signature(override: str, signed: Callable[..., str]) -> None:
    assert signed(override) == signed()


@pytest.mark.parametrize(
    "override",
    [
        "seed=2",
        "hidden_size=64",
        "sequence_length=30",
        "precision=mixed_bfloat16",
        "backend=jax",
        "attention=dot",
        "attention.scale=learned",
        "data=copy",
        "data.seed=5",
        "data.options.train_pairs=7",
        "training.learning_rate=0.5",
        "evaluation.beam_sizes=[5]",
        "task=profile",
    ],
)
def test_what_can_change_a_result_changes_the_signature(override: str, signed: Callable[..., str]) -> None:
    assert signed(override) != signed()


def test_an_option_that_does_not_apply_is_no_part_of_the_identity(compose: Callable[..., dict[str, Any]]) -> None:
    keys = [key for key in identity(from_mapping(compose("attention=uniform"))) if key.startswith("attention")]
    assert keys == ["attention.score", "attention.query_time", "attention.input_feeding"]


def test_facts_change_the_signature(compose: Callable[..., dict[str, Any]]) -> None:
    config = from_mapping(compose())
    assert signature(config, FACTS) != signature(config, FACTS | {"threads": 1})


def test_a_profile_ignores_what_it_does_not_use(signed: Callable[..., str]) -> None:
    profile = signed("task=profile")
    assert signed("task=profile", "data=copy", "seed=5", "training.epochs=3") == profile
    assert signed("task=profile", "training.optimizer=sgd") != profile
    assert signed("task=profile", "profile.batch_size=5") != profile
    assert signed("task=profile", "training.deterministic=true") != profile


def test_files_are_known_by_their_text_and_not_by_their_names(signed: Callable[..., str]) -> None:
    first = signed("data=files", "data.options.train_source=a.txt", "data.options.train_target=b.txt")
    assert signed("data=files", "data.options.train_source=c.txt", "data.options.train_target=d.txt") == first
