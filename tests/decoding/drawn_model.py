"""Small models whose weights are drawn at random, and sentences for them."""

from typing import Any

import numpy as np

from attnbench import backend
from attnbench.model import Seq2Seq
from attnbench.special_tokens import BOS, EOS, PAD
from tests.model.conftest import SOURCE_WORDS, TARGET_WORDS, build_model

COVERAGE = "tests.attention.mechanisms.Coverage"


def drawn(preset: str, *, eos: float = 0.0, seed: int = 3, **changes: Any) -> Seq2Seq:
    """A model whose weights are so large that every sentence goes its own way; `eos` is the bias of EOS."""
    model = build_model(preset, seed=seed, **changes)
    for variable in model.trainable_variables:
        variable.assign(3 * backend.read(variable.value))
    bias = np.zeros(TARGET_WORDS)
    bias[[PAD, BOS, EOS]] = -1e4, -1e4, eos
    model.output_bias.assign(bias)
    return model


def drawn_sentences(count: int) -> list[list[int]]:
    """Sentences of one, three, five and seven words and EOS, in turn."""
    generator = np.random.default_rng(11)
    return [[*generator.integers(3, SOURCE_WORDS, 1 + 2 * (index % 4)).tolist(), EOS] for index in range(count)]
