"""What both sides of a comparison are given, and what they can be asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from attnbench.config import RunConfig
from attnbench.special_tokens import BOS, EOS, PAD

LENGTH, BEAMS = 16, 5
"""Target positions of a decoding of fixed length, and the hypotheses of a beam."""

_IMPOSSIBLE = -1e4
"""A logit that no other falls short of."""


def endless_bias(target_vocabulary: int) -> np.ndarray:
    """The output layer's bias, (target vocabulary,), with which no hypothesis ends before its limit."""
    bias = np.zeros(target_vocabulary, np.float32)
    bias[[PAD, BOS, EOS]] = _IMPOSSIBLE
    return bias


@dataclass(frozen=True)
class Job:
    """One model on one list of batches.

    Attributes:
        config: of the run that has this model.
        batches: (source, target) ids, (batch, source) and (batch, target) int32.
        source_vocabulary: number of source ids.
        target_vocabulary: number of target ids.
        weights: a checkpoint of the model; None for untrained weights.
    """

    config: RunConfig
    batches: list[tuple[np.ndarray, np.ndarray]]
    source_vocabulary: int
    target_vocabulary: int
    weights: Path | None = None


class Side(Protocol):
    """An implementation of the model; each method does the batch of that number and returns when it is computed."""

    def train(self, number: int) -> None:
        """One optimiser step."""

    def greedy(self, number: int) -> None:
        """Greedy search over `LENGTH` target positions."""

    def beam(self, number: int) -> None:
        """Beam search over `LENGTH` target positions."""

    def test_greedy(self, number: int) -> np.ndarray:
        """Greedy search up to the end marks: (batch, longest) ids, PAD after an end mark."""

    def test_beam(self, number: int) -> np.ndarray:
        """Beam search likewise."""
