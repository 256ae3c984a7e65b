"""The checked configuration of one run.

The defaults live in `conf/`; these classes hold none, so a run cannot silently differ from what its YAML says.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attnbench.checks import check_choice, check_fraction, check_positive
from attnbench.mapping import build, flatten

RESULTS_VERSION = 6
"""Raised whenever a change of the code can change a number that a run reports."""


SCORES = {
    "none": frozenset[str](),
    "final_state": frozenset[str](),
    "uniform": frozenset[str](),
    "additive": frozenset({"scale", "use_bias", "units"}),
    "dot": frozenset({"scale"}),
    "general": frozenset({"scale", "use_bias"}),
}
"""The options that apply to each score; the layers are in `attention/table.py`, which this may not import."""

FACTORS = ("attention", "hidden_size", "sequence_length", "seed", "data", "backend", "precision")
"""The factors of a comparison."""

TASKS = ("train", "profile", "translate", "align", "sync")


@dataclass(frozen=True)
class AttentionConfig:
    """The factors of an attention mechanism; a preset names a combination of them."""

    name: str
    score: str
    scale: str
    query_time: str
    input_feeding: bool
    weights: str
    units: int | None
    use_bias: bool
    target: str | None
    options: dict[str, Any]

    def __post_init__(self) -> None:
        check_choice("attention.scale", self.scale, ("none", "sqrt_units", "learned"))
        check_choice("attention.query_time", self.query_time, ("previous", "current"))
        check_choice("attention.weights", self.weights, ("softmax",))
        if self.units is not None:
            check_positive("attention.units", self.units)
        if self.target is None:
            self._check_score()

    def _check_score(self) -> None:
        check_choice("attention.score", self.score, tuple(SCORES))
        options = SCORES[self.score]
        if self.scale != "none" and "scale" not in options:
            raise ValueError(f"attention.scale={self.scale} needs a score; {self.score} has none. Use scale=none.")
        if self.use_bias and "use_bias" not in options:
            raise ValueError(
                f"attention.use_bias needs a score with weights; {self.score} has none. Use use_bias=false."
            )
        if self.units is not None and "units" not in options:
            raise ValueError(
                f"attention.units is the size of a score's hidden layer; {self.score} has none. Use units=null."
            )
        if self.score == "none" and self.input_feeding:
            raise ValueError("attention.input_feeding needs a context: score none has none. Use input_feeding=false.")


@dataclass(frozen=True)
class ModelConfig:
    """The shared recurrent sequence-to-sequence model."""

    embedding_size: int
    cell: str
    encoder_layers: int
    decoder_layers: int
    bidirectional: bool
    encoder_size: int | None
    bridge: str
    embedding_dropout: float
    layer_dropout: float
    readout_dropout: float
    tied_embeddings: str
    initial_range: float | None

    def __post_init__(self) -> None:
        check_choice("model.cell", self.cell, ("gru", "lstm"))
        check_choice("model.bridge", self.bridge, ("dense", "copy", "zero"))
        check_choice("model.tied_embeddings", self.tied_embeddings, ("none", "target", "all"))
        for key in ("embedding_size", "encoder_layers", "decoder_layers"):
            check_positive(f"model.{key}", getattr(self, key))
        if self.encoder_size is not None:
            check_positive("model.encoder_size", self.encoder_size)
        if self.initial_range is not None:
            check_positive("model.initial_range", self.initial_range)
        for key in ("embedding_dropout", "layer_dropout", "readout_dropout"):
            check_fraction(f"model.{key}", getattr(self, key))


@dataclass(frozen=True)
class SubwordConfig:
    """How text becomes pieces: `words` (white space) or `sentencepiece` (trained on the training side only)."""

    kind: str
    model: str
    size: int
    joint: bool

    def __post_init__(self) -> None:
        check_choice("data.subwords.kind", self.kind, ("words", "sentencepiece"))
        check_choice("data.subwords.model", self.model, ("unigram", "bpe"))
        check_positive("data.subwords.size", self.size)


@dataclass(frozen=True)
class DataConfig:
    """A data set: which loader, where its files are, and how text becomes pieces."""

    name: str
    loader: str
    root: str | None
    cache_dir: str | None
    source_language: str
    target_language: str
    lowercase: bool
    bleu_tokenizer: str
    subwords: SubwordConfig
    seed: int
    match_pairs: int | None
    options: dict[str, Any]

    def __post_init__(self) -> None:
        check_choice("data.bleu_tokenizer", self.bleu_tokenizer, ("13a", "none", "intl", "char", "zh"))
        if self.match_pairs is not None:
            check_positive("data.match_pairs", self.match_pairs)
        if self.source_language == self.target_language:
            raise ValueError(
                f"data.source_language and data.target_language are both {self.source_language!r}. Name two languages."
            )


@dataclass(frozen=True)
class EarlyStoppingConfig:
    """When training ends before its last epoch: `patience` evaluations without a better `metric`."""

    metric: str
    patience: int | None

    def __post_init__(self) -> None:
        check_choice("training.early_stopping.metric", self.metric, ("valid/bleu", "valid/loss"))
        if self.patience is not None:
            check_positive("training.early_stopping.patience", self.patience)


@dataclass(frozen=True)
class TrainingConfig:
    """How the model is trained; lengths of time in optimiser steps unless the name says otherwise."""

    epochs: int
    batch_size: int
    batch_by: str
    optimizer: str
    adam_epsilon: float
    learning_rate: float
    schedule: str
    warmup_steps: int
    decay_factor: float
    clip_norm: float | None
    label_smoothing: float
    early_stopping: EarlyStoppingConfig
    validation_sentences: int | None
    checkpoint_seconds: float
    deterministic: bool

    def __post_init__(self) -> None:
        check_choice("training.batch_by", self.batch_by, ("sentences", "tokens"))
        check_choice("training.optimizer", self.optimizer, ("adam", "sgd"))
        check_choice("training.schedule", self.schedule, ("constant", "linear", "cosine", "inverse_sqrt", "plateau"))
        for key in ("epochs", "batch_size", "adam_epsilon", "learning_rate", "decay_factor", "checkpoint_seconds"):
            check_positive(f"training.{key}", getattr(self, key))
        if self.warmup_steps < 0:
            raise ValueError(f"training.warmup_steps must be at least 0, received {self.warmup_steps}.")
        if self.clip_norm is not None:
            check_positive("training.clip_norm", self.clip_norm)
        if self.validation_sentences is not None:
            check_positive("training.validation_sentences", self.validation_sentences)
        check_fraction("training.label_smoothing", self.label_smoothing)


@dataclass(frozen=True)
class EvaluationConfig:
    """How the test set is decoded and scored; the first beam size gives `test/bleu`, 1 is greedy search."""

    beam_sizes: list[int]
    length_penalty: float
    batch_size: int
    lowercase: bool
    attention_maps: int

    def __post_init__(self) -> None:
        if not self.beam_sizes:
            raise ValueError(
                "evaluation.beam_sizes is empty. Give at least one size, for example [1] for greedy search."
            )
        for size in self.beam_sizes:
            check_positive("evaluation.beam_sizes", size)
        if len(set(self.beam_sizes)) != len(self.beam_sizes):
            raise ValueError(f"evaluation.beam_sizes names a size twice: {self.beam_sizes}. Name each once.")
        check_positive("evaluation.batch_size", self.batch_size)
        if self.length_penalty < 0:
            raise ValueError(f"evaluation.length_penalty must be at least 0, received {self.length_penalty}.")
        if self.attention_maps < 0:
            raise ValueError(f"evaluation.attention_maps must be at least 0, received {self.attention_maps}.")


@dataclass(frozen=True)
class ProfileConfig:
    """`task=profile`: synthetic batches of `batch_size` sentences, every one `sequence_length` tokens long."""

    batch_size: int
    vocabulary_size: int
    steps: int
    minimum_steps: int
    seconds: float
    rounds: int

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            check_positive(f"profile.{field.name}", getattr(self, field.name))
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

    attention: AttentionConfig
    hidden_size: int
    sequence_length: int
    seed: int
    data: DataConfig
    model: ModelConfig
    training: TrainingConfig
    evaluation: EvaluationConfig
    profile: ProfileConfig
    tracking: TrackingConfig
    backend: str
    precision: str
    device: str
    threads: int | None
    task: str
    study: str
    runs_dir: str
    reports_dir: str
    time_limit_minutes: float | None
    dry_run: bool
    rerun: str
    run: str | None
    input: str | None
    output: str | None

    def __post_init__(self) -> None:
        check_choice("backend", self.backend, ("tensorflow", "jax"))
        check_choice("precision", self.precision, ("float32", "tf32", "mixed_bfloat16"))
        check_choice("device", self.device, ("auto", "cpu", "gpu"))
        check_choice("task", self.task, TASKS)
        check_choice("rerun", self.rerun, ("none", "failed", "all"))
        check_positive("hidden_size", self.hidden_size)
        check_positive("sequence_length", self.sequence_length)
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, received {self.seed}.")
        if self.threads is not None:
            check_positive("threads", self.threads)
        if self.time_limit_minutes is not None:
            check_positive("time_limit_minutes", self.time_limit_minutes)
        self._check_sizes()

    def _check_sizes(self) -> None:
        values = self.annotation_size
        if self.model.bidirectional and values % 2:
            raise ValueError(
                f"A bidirectional encoder needs an even number of units, received {values}. "
                f"Use hidden_size={values + 1} or model.bidirectional=false."
            )
        if self.attention.score == "dot" and values != self.hidden_size:
            raise ValueError(
                f"dot needs equal sizes: the query has {self.hidden_size} units, the values {values}. "
                "Use attention=general, or model.encoder_size=null."
            )
        if self.model.bridge == "copy" and values != self.hidden_size:
            raise ValueError(
                f"model.bridge=copy needs equal sizes: the decoder has {self.hidden_size} units, the encoder {values}. "
                "Use model.bridge=dense, or model.encoder_size=null."
            )
        if self.model.bridge == "zero" and self.attention.score == "none" and self.attention.target is None:
            raise ValueError(
                "model.bridge=zero and no attention leave the decoder without the source. "
                "Use model.bridge=dense, or another attention."
            )
        if self.model.tied_embeddings == "all" and not self.data.subwords.joint:
            raise ValueError(
                "model.tied_embeddings=all needs one vocabulary for both sides. "
                "Use data.subwords.joint=true with data that are read, or model.tied_embeddings=target."
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
