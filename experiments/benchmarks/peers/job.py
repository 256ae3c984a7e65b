"""What both sides of a comparison are given, and what they have to compute."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from attnbench.config import RunConfig
from attnbench.special_tokens import BOS, EOS, PAD

LENGTH, BEAMS = 16, 5
"""Target positions where no hypothesis ends, and the size of a beam."""

_IMPOSSIBLE = -1e4
"""A logit below all others."""


def bias_without_eos(target_vocabulary: int) -> np.ndarray:
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
    """An implementation of the model; each method computes the batch of that number and returns when it is done."""

    def training(self, number: int) -> None:
        """One optimiser step."""

    def greedy(self, number: int) -> None:
        """Greedy search over `LENGTH` target positions."""

    def beam(self, number: int) -> None:
        """Beam search over `LENGTH` target positions."""

    def test_greedy(self, number: int) -> np.ndarray:
        """Greedy search up to EOS: (batch, longest) ids, PAD after EOS."""

    def test_beam(self, number: int) -> np.ndarray:
        """Beam search up to EOS, in the same form."""
