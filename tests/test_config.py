"""Every fault of a configuration is one sentence that says what to do."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from attnbench.config import RunConfig, from_mapping, parameters, to_mapping


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "attention.score=dott",
            "Unknown attention.score 'dott'. Known: none, final_state, uniform, additive, dot, general. "
            "Did you mean 'dot'?",
        ),
        ("backend=tensorflw", "Unknown backend 'tensorflw'. Known: tensorflow, jax. Did you mean 'tensorflow'?"),
        ("hidden_size=0", "hidden_size must be positive, received 0. Give a value greater than 0."),
        ("hidden_size=-2", "hidden_size must be positive, received -2. Give a value greater than 0."),
        ("hidden_size=many", "hidden_size must be a whole number, received 'many'."),
        ("training.learning_rate=true", "training.learning_rate must be a number, received True."),
        ("model.embedding_dropout=1", "model.embedding_dropout must be at least 0 and below 1, received 1.0."),
        ("model.initial_range=0", "model.initial_range must be positive, received 0.0. Give a value greater than 0."),
        ("seed=-1", "seed must be at least 0, received -1."),
        (
            "hidden_size=7",
            "A bidirectional encoder needs an even number of units, received 7. "
            "Use hidden_size=8 or model.bidirectional=false.",
        ),
        (
            "model.encoder_size=64",
            "dot needs equal sizes: the query has 128 units, the values 64. "
            "Use attention=general, or model.encoder_size=null.",
        ),
        (
            "evaluation.beam_sizes=[]",
            "evaluation.beam_sizes is empty. Give at least one size, for example [1] for greedy search.",
        ),
        ("evaluation.beam_sizes=[1,5,1]", "evaluation.beam_sizes names a size twice: [1, 5, 1]. Name each once."),
        (
            "model.tied_embeddings=all",
            "model.tied_embeddings=all needs one vocabulary for both sides. "
            "Use data.subwords.joint=true with data that are read, or model.tied_embeddings=target.",
        ),
        (
            "attention.units=64",
            "attention.units is the size of a score's hidden layer; dot has none. Use units=null.",
        ),
        ("attention.use_bias=true", "attention.use_bias needs a score with weights; dot has none. Use use_bias=false."),
        (
            "profile.minimum_steps=30",
            "profile.minimum_steps must not exceed profile.steps, received 30 and 20.",
        ),
        (
            "data.target_language=source",
            "data.source_language and data.target_language are both 'source'. Name two languages.",
        ),
    ],
)
def test_a_fault_is_told_in_one_sentence(override: str, message: str, compose: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        from_mapping(compose("attention=dot", override))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ("attention=none", "model.bridge=zero"),
            "model.bridge=zero and no attention leave the decoder without the source. "
            "Use model.bridge=dense, or another attention.",
        ),
        (
            ("attention=none", "attention.input_feeding=true"),
            "attention.input_feeding needs a context: score none has none. Use input_feeding=false.",
        ),
        (
            ("attention=uniform", "attention.scale=learned"),
            "attention.scale=learned needs a score; uniform has none. Use scale=none.",
        ),
        (
            ("attention=general", "model.bridge=copy", "model.encoder_size=64"),
            "model.bridge=copy needs equal sizes: the decoder has 128 units, the encoder 64. "
            "Use model.bridge=dense, or model.encoder_size=null.",
        ),
    ],
)
def test_options_that_do_not_fit_each_other_are_told(
    overrides: tuple[str, ...], message: str, compose: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        from_mapping(compose(*overrides))


@pytest.mark.parametrize("kind", ["words", "sentencepiece"])
def test_a_joint_vocabulary_of_either_kind_can_be_tied(kind: str, compose: Callable[..., dict[str, Any]]) -> None:
    joint = ("data=files", f"data.subwords.kind={kind}", "data.subwords.joint=true")
    assert from_mapping(compose(*joint, "model.tied_embeddings=all")).model.tied_embeddings == "all"


def test_unknown_and_missing_options_are_named(compose: Callable[..., dict[str, Any]]) -> None:
    values = compose()
    with pytest.raises(ValueError, match=r"^Unknown option 'model\.cel'\. Did you mean 'cell'\?$"):
        from_mapping(values | {"model": values["model"] | {"cel": "gru"}})
    with pytest.raises(ValueError, match=r"^Missing option 'model\.cell'\. Give it a value\.$"):
        from_mapping(values | {"model": {key: value for key, value in values["model"].items() if key != "cell"}})
    with pytest.raises(ValueError, match=r"^model must be a group of options, received 3\.$"):
        from_mapping(values | {"model": 3})


def test_a_configuration_comes_back_from_its_plain_values(default_config: RunConfig) -> None:
    assert from_mapping(to_mapping(default_config)) == default_config


def test_attention_and_data_are_logged_by_name(default_config: RunConfig) -> None:
    logged = parameters(default_config)
    assert (logged["attention"], logged["data"]) == ("bahdanau", "grammar")
    assert logged["attention.score"] == "additive"
    assert logged["training.early_stopping.metric"] == "valid/bleu"
