"""The checked configuration of one run.

The defaults live in `conf/`; these classes hold none, so a run cannot silently differ from what its YAML says. Only
those of `AttentionConfig` live here. A field's type says which values are allowed, and its annotations what the
option means for a run: see `Role` and `UsedBy`.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Annotated, Any, Literal

from attnbench import mechanisms
from attnbench.checks import (
    check_finite,
    check_fraction,
    check_named,
    check_not_negative,
    check_positive,
    check_seed,
)
from attnbench.mapping import annotation_of, build, flatten

RESULTS_VERSION = 7
"""Raised whenever a change of the code can change a number that a run reports."""


class Role(Enum):
    """What an option means for a run; a group's role is that of its options, unless they have their own."""

    FACTOR = auto()
    """A factor of a comparison: it can change results, and is in every table, tag and name of a run."""
    RESULT = auto()
    """It can change results; the role of an option without another."""
    NAME = auto()
    """What a preset or a data set is called."""
    MACHINE = auto()
    """Where a run computes; its identity has the facts of the machine instead."""
    LOCATION = auto()
    """Where something lies."""
    INPUT = auto()
    """What a task on a finished run reads and writes, as it is typed."""
    SWEEP = auto()
    """How a sweep treats its runs."""
    PROCESS = auto()
    """How a run is supervised."""


class UsedBy(Enum):
    """Which task reads an option; a group's annotation is that of its options, unless they have their own."""

    TRAINING = auto()
    PROFILE = auto()
    BOTH = auto()


Positive = Annotated[int, check_positive]
PositiveFloat = Annotated[float, check_positive]
NotNegative = Annotated[int, check_not_negative]
NotNegativeFloat = Annotated[float, check_not_negative]
Fraction = Annotated[float, check_fraction]


@dataclass(frozen=True)
class AttentionConfig:
    """The factors of an attention mechanism; a preset names a combination of them.

    What is null in conf/ takes its default here; an option that does not apply to the mechanism stays at it.
    """

    name: Annotated[str, Role.NAME, check_named]
    score: str | None = None
    scale: str = mechanisms.DEFAULTS["scale"]
    weights: str = mechanisms.DEFAULTS["weights"]
    units: Positive | None = None
    use_bias: bool = False
    query_time: str = mechanisms.DEFAULTS["query_time"]
    input_feeding: bool = False
    target: str | None = None
    options: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        defaults = {field.name: field.default for field in dataclasses.fields(self)} | {"options": {}}
        given = {key: value for key, value in vars(self).items() if key != "name" and value != defaults[key]}
        mechanisms.check_options(given)

    @property
    def has_context(self) -> bool:
        """Whether there is a mechanism at all."""
        return self.target is not None or self.score != "none"

    @property
    def applicable(self) -> dict[str, Any]:
        """The options that decide something about this mechanism."""
        return {key: getattr(self, key) for key in mechanisms.applicable_options(vars(self))}


@dataclass(frozen=True)
class ModelConfig:
    """The shared recurrent sequence-to-sequence model."""

    embedding_size: Positive
    cell: Literal["gru", "lstm"]
    encoder_layers: Positive
    decoder_layers: Positive
    bidirectional: bool
    encoder_size: Positive | None
    bridge: Literal["dense", "copy", "zero"]
    embedding_dropout: Fraction
    layer_dropout: Fraction
    readout_dropout: Fraction
    tied_embeddings: Literal["none", "target", "all"]
    initial_range: PositiveFloat | None


@dataclass(frozen=True)
class SubwordConfig:
    """How text becomes pieces: `words` (white space) or `sentencepiece` (trained on the training side only)."""

    kind: Literal["words", "sentencepiece"]
    model: Literal["unigram", "bpe"]
    size: Positive
    joint: bool


@dataclass(frozen=True)
class DataConfig:
    """A data set: which loader, where its files are, and how text becomes pieces."""

    name: Annotated[str, Role.NAME, check_named]
    loader: str
    root: Annotated[str | None, Role.LOCATION]
    cache_dir: Annotated[str | None, Role.LOCATION]
    source_language: str
    target_language: str
    lowercase: bool
    bleu_tokenizer: Literal["13a", "none", "intl", "char", "zh"]
    subwords: SubwordConfig
    seed: NotNegative
    match_pairs: Positive | None
    match_tokens: Positive | None
    options: dict[str, Any]

    def __post_init__(self) -> None:
        if self.source_language == self.target_language:
            raise ValueError(
                f"data.source_language and data.target_language are both {self.source_language!r}. Name two languages."
            )
        if self.match_pairs is not None and self.match_tokens is not None:
            raise ValueError(
                f"data.match_pairs={self.match_pairs} and data.match_tokens={self.match_tokens} both limit the "
                "training pairs. Set one of them."
            )


@dataclass(frozen=True)
class EarlyStoppingConfig:
    """When training ends before its last epoch: `patience` evaluations without a better `metric`."""

    metric: Literal["valid/bleu", "valid/loss"]
    patience: Positive | None


@dataclass(frozen=True)
class TrainingConfig:
    """How the model is trained; lengths of time in optimiser steps unless the name says otherwise."""

    epochs: Positive
    batch_size: Positive
    batch_by: Literal["sentences", "tokens"]
    optimizer: Annotated[Literal["adam", "sgd"], UsedBy.BOTH]
    adam_epsilon: PositiveFloat
    learning_rate: PositiveFloat
    schedule: Literal["constant", "linear", "cosine", "inverse_sqrt", "plateau"]
    warmup_steps: NotNegative
    decay_factor: PositiveFloat
    clip_norm: Annotated[PositiveFloat | None, UsedBy.BOTH]
    label_smoothing: Annotated[Fraction, UsedBy.BOTH]
    early_stopping: EarlyStoppingConfig
    validation_sentences: Positive | None
    checkpoint_seconds: Annotated[PositiveFloat, Role.PROCESS]
    deterministic: Annotated[bool, UsedBy.BOTH]


@dataclass(frozen=True)
class EvaluationConfig:
    """How the test set is decoded and scored; the first beam size gives `test/bleu`, 1 is greedy search."""

    beam_sizes: list[Positive]
    length_penalty: NotNegativeFloat
    batch_size: Positive
    lowercase: bool
    attention_maps: NotNegative
    timed_seconds: NotNegativeFloat

    def __post_init__(self) -> None:
        if not self.beam_sizes:
            raise ValueError(
                "evaluation.beam_sizes is empty. Give at least one size, for example [1] for greedy search."
            )
        if len(set(self.beam_sizes)) != len(self.beam_sizes):
            raise ValueError(f"evaluation.beam_sizes names a size twice: {self.beam_sizes}. Name each once.")


@dataclass(frozen=True)
class ProfileConfig:
    """`task=profile`: synthetic batches of `batch_size` sentences, every one `sequence_length` tokens long."""

    batch_size: Positive
    vocabulary_size: Positive
    steps: Positive
    minimum_steps: Positive
    seconds: PositiveFloat
    rounds: Positive

    def __post_init__(self) -> None:
        if self.minimum_steps > self.steps:
            raise ValueError(
                f"profile.minimum_steps must not exceed profile.steps, received {self.minimum_steps} and {self.steps}."
            )


@dataclass(frozen=True)
class TrackingConfig:
    """Where MLflow logs to; `system_metrics` adds MLflow's own machine-wide means."""

    uri: str
    system_metrics: bool


@dataclass(frozen=True)
class RunConfig:
    """Everything that one run does: the composed Hydra configuration, checked."""

    attention: Annotated[AttentionConfig, Role.FACTOR]
    hidden_size: Annotated[Positive, Role.FACTOR]
    sequence_length: Annotated[Positive, Role.FACTOR]
    seed: Annotated[int, check_seed, Role.FACTOR, UsedBy.TRAINING]
    data: Annotated[DataConfig, Role.FACTOR, UsedBy.TRAINING]
    model: ModelConfig
    training: Annotated[TrainingConfig, UsedBy.TRAINING]
    evaluation: Annotated[EvaluationConfig, UsedBy.TRAINING]
    profile: Annotated[ProfileConfig, UsedBy.PROFILE]
    tracking: Annotated[TrackingConfig, Role.LOCATION]
    backend: Annotated[Literal["tensorflow", "jax"], Role.FACTOR]
    precision: Annotated[Literal["float32", "tf32", "mixed_bfloat16"], Role.FACTOR]
    device: Annotated[Literal["auto", "cpu", "gpu"], Role.MACHINE]
    threads: Annotated[Positive | None, Role.MACHINE]
    task: Literal["train", "profile", "translate", "align", "sync"]
    study: Annotated[str, Role.SWEEP]
    question: Annotated[str | None, Role.SWEEP]
    tuned: Annotated[str | None, Role.SWEEP]
    runs_dir: Annotated[str, Role.LOCATION]
    reports_dir: Annotated[str, Role.LOCATION]
    time_limit_minutes: Annotated[PositiveFloat | None, Role.PROCESS]
    dry_run: Annotated[bool, Role.SWEEP]
    rerun: Annotated[Literal["none", "failed", "all"], Role.SWEEP]
    run: Annotated[str | None, Role.INPUT]
    input: Annotated[str | None, Role.INPUT]
    output: Annotated[str | None, Role.INPUT]

    def __post_init__(self) -> None:
        values = self.annotation_size
        if self.model.bidirectional and values % 2:
            raise ValueError(
                f"A bidirectional encoder needs an even number of units, received {values}. "
                f"Use hidden_size={values + 1} or model.bidirectional=false."
            )
        mechanisms.check_sizes(self.attention.score, query_units=self.hidden_size, value_units=values)
        if self.model.bridge == "copy" and values != self.hidden_size:
            raise ValueError(
                f"model.bridge=copy needs equal sizes: the decoder has {self.hidden_size} units, the encoder {values}. "
                "Use model.bridge=dense, or model.encoder_size=null."
            )
        if self.model.bridge == "zero" and not self.attention.has_context:
            raise ValueError(
                "model.bridge=zero and no attention leave the decoder without the source. "
                "Use model.bridge=dense, or another attention."
            )
        if self.model.tied_embeddings == "all" and not self.data.subwords.joint:
            raise ValueError(
                "model.tied_embeddings=all needs one vocabulary for both sides. "
                "Use data.subwords.joint=true with a data set of text files, or model.tied_embeddings=target."
            )

    @property
    def annotation_size(self) -> int:
        """Units of an annotation, both directions together."""
        return self.hidden_size if self.model.encoder_size is None else self.model.encoder_size


def from_mapping(values: Mapping[str, Any]) -> RunConfig:
    """Builds the checked configuration from nested mappings, as a Hydra composition or a config.json holds them.

    Raises:
        ValueError: a key is unknown or missing, a value has the wrong type or lies outside its bounds.
    """
    for key, value in flatten(values).items():
        if isinstance(value, float):
            check_finite(key, value)
    return build(RunConfig, values, "")


def to_mapping(config: RunConfig) -> dict[str, Any]:
    """The nested plain values of `config`; `from_mapping` gives it back."""
    return dataclasses.asdict(config)


def parameters(config: RunConfig) -> dict[str, Any]:
    """What MLflow logs as params: every option by its dotted key; `attention` and `data` are the names."""
    flat = flatten(to_mapping(config))
    flat["attention"] = flat.pop("attention.name")
    flat["data"] = flat.pop("data.name")
    return flat


@cache
def role(key: str) -> Role:
    """The role of an option by its dotted key, or of a param: `data.options.alphabet` has that of `data.options`."""
    return annotation_of(RunConfig, key, Role.RESULT)


@cache
def used_by(key: str) -> UsedBy:
    """Which task reads an option, by its dotted key."""
    return annotation_of(RunConfig, key, UsedBy.BOTH)


def top_level(*roles: Role) -> tuple[str, ...]:
    """The top-level options and groups of the given roles, in the order of their fields."""
    return tuple(field.name for field in dataclasses.fields(RunConfig) if role(field.name) in roles)


FACTORS = top_level(Role.FACTOR)
"""The factors of a comparison."""
