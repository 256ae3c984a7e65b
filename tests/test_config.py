"""Every fault of a configuration is one sentence that says what to do."""

import re
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from attnbench.config import FACTORS as FACTORS_OF_A_RUN
from attnbench.config import Role, RunConfig, UsedBy, from_mapping, parameters, role, to_mapping, used_by
from attnbench.mechanisms import FACTORS
from attnbench.presets import conf_folder, preset_names


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "attention.score=dott",
            f"Unknown attention.score 'dott'. Known: {', '.join(FACTORS['score'])}. Did you mean 'dot'?",
        ),
        ("backend=tensorflw", "Unknown backend 'tensorflw'. Known: tensorflow, jax. Did you mean 'tensorflow'?"),
        ("hidden_size=0", "hidden_size must be positive, received 0. Give a value greater than 0."),
        ("hidden_size=-2", "hidden_size must be positive, received -2. Give a value greater than 0."),
        ("hidden_size=many", "hidden_size must be an integer, received 'many'."),
        ("training.learning_rate=inf", "training.learning_rate must be a finite number, received inf."),
        ("training.learning_rate=true", "training.learning_rate must be a number, received True."),
        ("model.embedding_dropout=1", "model.embedding_dropout must be at least 0 and below 1, received 1.0."),
        ("model.initial_range=0", "model.initial_range must be positive, received 0.0. Give a value greater than 0."),
        ("seed=-1", "seed must be from 0 to 2147483647, received -1."),
        ("seed=2147483648", "seed must be from 0 to 2147483647, received 2147483648."),
        ("data.seed=-1", "data.seed must be at least 0, received -1."),
        ("attention.name=''", "attention.name is empty. Give it a name."),
        ("data.name=' '", "data.name is empty. Give it a name."),
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
            "Use data.subwords.joint=true with a data set of text files, or model.tied_embeddings=target.",
        ),
        (
            "attention.units=64",
            "attention.units=64 does not apply to attention.score=dot. "
            "Options that apply: scale, weights, query_time, input_feeding. Use attention.units=null.",
        ),
        (
            "attention.use_bias=true",
            "attention.use_bias=true does not apply to attention.score=dot. "
            "Options that apply: scale, weights, query_time, input_feeding. Use attention.use_bias=null.",
        ),
        (
            "+attention.options.rank=8",
            "attention.options={'rank': 8} does not apply to attention.score=dot. "
            "Options that apply: scale, weights, query_time, input_feeding. Use attention.options=null.",
        ),
        (
            "attention.target=mine.Mine",
            "attention.score=dot does not apply to attention.target=mine.Mine. "
            "Options that apply: options, query_time, input_feeding. Use attention.score=null.",
        ),
        (
            "attention.score=null",
            "attention.score and attention.target are both null. "
            "Name a score, or the import path of a mechanism of your own as target.",
        ),
        (
            "attention.query_time=between",
            "Unknown attention.query_time 'between'. Known: previous, current.",
        ),
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
            ["data.match_pairs=5", "data.match_tokens=70"],
            "data.match_pairs=5 and data.match_tokens=70 both limit the training pairs. Set one of them.",
        ),
        (
            ("attention=none", "model.bridge=zero"),
            "model.bridge=zero and no attention leave the decoder without the source. "
            "Use model.bridge=dense, or another attention.",
        ),
        (
            ("attention=none", "attention.input_feeding=true"),
            "attention.input_feeding=true does not apply to attention.score=none. "
            "Options that apply: none. Use attention.input_feeding=null.",
        ),
        (
            ("attention=uniform", "attention.scale=learned"),
            "attention.scale=learned does not apply to attention.score=uniform. "
            "Options that apply: query_time, input_feeding. Use attention.scale=null.",
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
    with pytest.raises(ValueError, match=r"^model must be a mapping, received 3\.$"):
        from_mapping(values | {"model": 3})


def test_a_configuration_comes_back_from_its_plain_values(default_config: RunConfig) -> None:
    assert from_mapping(to_mapping(default_config)) == default_config


@pytest.mark.parametrize("preset", preset_names())
def test_a_preset_takes_its_defaults_where_it_says_nothing(preset: str, compose: Callable[..., dict[str, Any]]) -> None:
    defaults = ("scale=none", "weights=softmax", "use_bias=false", "input_feeding=false", "units=null", "target=null")
    text = (conf_folder() / "attention" / f"{preset}.yaml").read_text(encoding="utf-8")
    overrides = [f"attention.{option}" for option in defaults if f"{option.partition('=')[0]}:" not in text]
    assert from_mapping(compose(f"attention={preset}", *overrides)) == from_mapping(compose(f"attention={preset}"))


def test_beside_a_target_there_may_be_no_score_in_either_form(compose: Callable[..., dict[str, Any]]) -> None:
    own = ("attention=none", "attention.target=mine.Mine", "model.bridge=zero")
    assert from_mapping(compose(*own)).attention.has_context
    assert from_mapping(compose(*own, "attention.score=null")).attention.has_context
    assert not from_mapping(compose("attention=none")).attention.has_context


@pytest.mark.parametrize(
    ("overrides", "options"),
    [
        (("attention=none",), {"score"}),
        (("attention=uniform",), {"score", "query_time", "input_feeding"}),
        (("attention=dot",), {"score", "scale", "weights", "query_time", "input_feeding"}),
        (
            ("attention=bahdanau",),
            {"score", "scale", "weights", "units", "use_bias", "query_time", "input_feeding"},
        ),
        (
            ("attention=dot", "attention.score=null", "attention.target=mine.Mine"),
            {"target", "options", "query_time", "input_feeding"},
        ),
    ],
)
def test_each_mechanism_has_the_options_that_apply_to_it(
    overrides: tuple[str, ...], options: set[str], compose: Callable[..., dict[str, Any]]
) -> None:
    assert set(from_mapping(compose(*overrides)).attention.applicable) == options


def choices(cls: Any, prefix: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """The allowed values of every option whose type is a `Literal`, by dotted key."""
    for key, hint in get_type_hints(cls).items():
        if get_origin(hint) is Literal:
            yield f"{prefix}{key}", get_args(hint)
        elif is_dataclass(hint):
            yield from choices(hint, f"{prefix}{key}.")


CONF = conf_folder()
OPTION_FILES = [CONF / "config.yaml", *sorted(CONF.glob("*/default.yaml"))]
CHOICES = dict(choices(RunConfig))


def documented_choices() -> dict[str, tuple[str, ...]]:
    """The choices that comments of conf/ list, `a | b | c` at their beginning, by the option of their line."""
    found = {}
    for path in OPTION_FILES:
        groups = [] if path.parent == CONF else [path.parent.name]
        for indent, key, comment in re.findall(r"^( *)(\w+):[^#\n]*(?:# (.*))?$", path.read_text(), re.MULTILINE):
            groups[len(indent) // 2 + (path.parent != CONF) :] = [key]
            names = re.match(r"([\w/]+(?: \| [\w/]+)+)", comment)
            if names:
                found[".".join(groups)] = tuple(names[1].split(" | "))
    return found


def test_the_comments_of_conf_list_the_values_that_are_allowed() -> None:
    assert documented_choices() == CHOICES, "the comments in conf/ follow the values that attnbench/config.py allows"


def test_options_say_their_role_and_the_task_that_reads_them() -> None:
    roles = ("training.learning_rate", "data.options.alphabet", "data.root", "attention.name", "study", "unknown")
    assert [role(key) for key in roles] == [
        Role.RESULT, Role.FACTOR, Role.LOCATION, Role.NAME, Role.SWEEP, Role.RESULT,
    ]  # fmt: skip
    readers = ("training.learning_rate", "training.optimizer", "data.root", "profile.steps", "hidden_size")
    assert [used_by(key) for key in readers] == [
        UsedBy.TRAINING, UsedBy.BOTH, UsedBy.TRAINING, UsedBy.PROFILE, UsedBy.BOTH,
    ]  # fmt: skip


def test_the_factors_of_a_comparison_stand_in_their_order() -> None:
    assert FACTORS_OF_A_RUN == (
        "attention", "hidden_size", "sequence_length", "seed", "data", "backend", "precision",
    )  # fmt: skip


def test_attention_and_data_are_logged_by_name(default_config: RunConfig) -> None:
    logged = parameters(default_config)
    assert (logged["attention"], logged["data"]) == ("bahdanau", "grammar")
    assert logged["attention.score"] == "additive"
    assert logged["training.early_stopping.metric"] == "valid/bleu"
