"""What a run's process writes beside its events: the result, and the records that others read on the way to it."""

from dataclasses import dataclass, field
from typing import Any

from attnbench.records.files import Finite, OpenRecord
from attnbench.records.status import Status

FORMAT = 1
"""Raised when result.json changes so that readers must know."""


@dataclass(frozen=True)
class Result(OpenRecord):
    """result.json, complete when the run has finished and absent before.

    Attributes:
        task: train or profile.
        signature: the run's.
        results_version: of the code that computed the metrics; None where it was not recorded yet.
        metrics: by key.
        bleu_signature, chrf_signature: how sacreBLEU computed the scores, in its words; empty for a profile.
        test_digest: sha256 of the references as they were scored and of the source lengths; empty where not recorded.
        vocabularies: sizes, by side.
        notes: what a reader of the numbers must know.
        duration_seconds: of the run.
    """

    task: str
    signature: str
    metrics: dict[str, float]
    vocabularies: dict[str, int]
    duration_seconds: Finite
    results_version: int | None = None
    bleu_signature: str = ""
    chrf_signature: str = ""
    test_digest: str = ""
    notes: list[str] = field(default_factory=list)
    status: Status = Status.FINISHED
    format: int = FORMAT


@dataclass(frozen=True)
class Progress:
    """progress.json: how far a run is; what is not known yet is None."""

    phase: str
    epoch: int | None = None
    epochs: int | None = None
    step: int | None = None
    steps: int | None = None
    loss: float | None = None
    target_tokens_per_second: float | None = None
    seconds_left: Finite | None = None


@dataclass(frozen=True)
class Window:
    """Steps that were timed together.

    Attributes:
        seconds: of all of them.
        steps: training steps or decoded batches.
        target_tokens: that they produced, without padding.
        quiet: whether no other run of this user on this machine computed meanwhile.
        disturbance: seconds by which other processes held this one up ÷ `seconds`; None where nothing tells.
    """

    seconds: float
    steps: int
    target_tokens: int
    quiet: bool = False
    disturbance: float | None = None


@dataclass(frozen=True)
class Round:
    """One of the rounds of a profile in rounds.json.

    Attributes:
        training, decoding: timed windows.
        compile_seconds: of the training step.
        rate: FLOP/s of matrix products.
        flops: of one target token's forward pass; None where the mechanism does not say.
        peaks: `memory/*` keys.
        parameters: `model/*parameters` keys.
        seconds: of the whole round, its process's set-up included.
    """

    training: list[Window]
    decoding: list[Window]
    compile_seconds: float
    rate: float
    flops: float | None
    peaks: dict[str, float]
    parameters: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class Forecast:
    """forecast.json: what a long profile will need, forecast from short lengths before its first round.

    Attributes:
        measured: peak bytes, seconds of a training step and of a decoding, by sequence length.
        peak_bytes: of a training step of the whole length.
        total_seconds: of all rounds.
        needs: what the run needs, in words, by the reason for which it may fail.
        seconds: that the forecast itself took.
    """

    measured: dict[str, list[float]]
    peak_bytes: float
    total_seconds: float
    needs: dict[str, str]
    seconds: float = 0.0


@dataclass(frozen=True)
class AttentionMap:
    """An entry of maps.json: the weights (target, source) of one test sentence under the model's own translation."""

    sentence: int
    source: list[str]
    target: list[str]
    weights: list[list[float]]

    def __post_init__(self) -> None:
        shape = [len(row) for row in self.weights]
        if shape != [len(self.source)] * len(self.target):
            raise ValueError(
                f"the map of sentence {self.sentence} must have {len(self.target)} rows of {len(self.source)} weights, "
                f"received rows of {shape}"
            )


@dataclass(frozen=True)
class Vocabularies:
    """vocabularies.json: each side's vocabulary, as `Vocabulary.to_dict` gives it."""

    source: dict[str, Any]
    target: dict[str, Any]
