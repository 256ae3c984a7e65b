"""What a user typed wrong, in one message."""

import re

import hydra
import pytest

from attnbench.presets import conf_folder
from attnbench.sweep.compose import decode
from attnbench.sweep.errors import REFUSALS, message


def refusal(*overrides: str) -> str:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"), pytest.raises(REFUSALS) as caught:
        decode(hydra.compose("config", overrides=list(overrides)))
    return message(caught.value)


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        (
            ["attention=bahdnau"],
            "Unknown attention 'bahdnau'. Known: bahdanau, dot, general, none, none_input, uniform. "
            "Did you mean 'bahdanau'?",
        ),
        (
            ["+experiments=smok"],
            "Unknown experiments 'smok'. Known: learning_rate, length, mechanisms, multi30k, smoke. "
            "Did you mean 'smoke'?",
        ),
        (
            ["hiden_size=3"],
            "Unknown option 'hiden_size'. Did you mean 'hidden_size'? python -m attnbench --cfg job lists them all.",
        ),
        (
            ["training.epoch=3"],
            "Unknown option 'training.epoch'. Did you mean 'training.epochs'? "
            "python -m attnbench --cfg job lists them all.",
        ),
        (["study=???"], "Missing option 'study'. Give it a value: study=VALUE."),
    ],
)
def test_what_is_unknown_or_missing_is_named_with_the_nearest(overrides: list[str], text: str) -> None:
    assert refusal(*overrides) == text


def test_an_unknown_data_set_names_the_choices() -> None:
    printed = refusal("data=gramar")
    assert re.fullmatch(r"Unknown data 'gramar'\. Known: [a-z0-9_, ]+\. Did you mean 'grammar'\?", printed)


def test_an_error_of_the_system_names_its_file() -> None:
    assert message(PermissionError(13, "Permission denied", "/srv/runs")) == "Permission denied: /srv/runs."
    assert message(BlockingIOError(11, "Resource temporarily unavailable")) == "Resource temporarily unavailable."


def test_what_hydra_cannot_read_is_named_without_its_password() -> None:
    advice = """Put a value with special characters in quotes, for Hydra and for the shell: 'OPTION="VALUE"'."""
    assert refusal("study=é") == f"Cannot read the argument 'study=é'. {advice}"
    shown = "Cannot read the argument 'tracking.uri=http://ada:***@host'."
    assert refusal("tracking.uri=http://ada:x${y}{@host") == f"{shown} {advice}"


def test_an_interpolation_of_what_is_unknown_names_the_option_and_the_colon() -> None:
    assert refusal("runs_dir=${hydra.runtime.cwd}/runs") == (
        "Interpolation key 'hydra.runtime.cwd' not found, which runs_dir refers to. "
        "Hydra's own options have a colon: ${hydra:runtime.cwd}."
    )


def test_every_refusal_is_one_line() -> None:
    assert "\n" not in refusal("hidden_size=[1")
