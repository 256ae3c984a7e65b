"""Small models of every preset."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import pytest

from attnbench import attention
from attnbench.model import Seq2Seq
from tests.attention.mechanisms import make

PRESETS = {
    "none": ("none", "current", False),
    "none_input": ("final_state", "previous", False),
    "none_input with input feeding": ("final_state", "previous", True),
    "uniform": ("uniform", "current", False),
    "uniform previous": ("uniform", "previous", False),
    "bahdanau": ("additive", "previous", False),
    "dot": ("dot", "current", False),
    "general": ("general", "current", False),
    "additive current": ("additive", "current", False),
    "dot previous": ("dot", "previous", False),
    "general with input feeding": ("general", "current", True),
    "dot with input feeding": ("dot", "current", True),
    "additive previous with input feeding": ("additive", "previous", True),
}
SOURCE_WORDS, TARGET_WORDS, HIDDEN, EMBEDDING = 17, 19, 2 * 11, 13


def build_model(preset: str, *, seed: int = 1, target: str | None = None, **changes: Any) -> Seq2Seq:
    """A small model: `build_model("dot", cell="lstm")`, a preset with changes.

    `target` names a class that takes the place of the preset's mechanism.
    """
    score, query_time, input_feeding = PRESETS[preset]
    options: dict[str, Any] = {
        "source_vocabulary": SOURCE_WORDS,
        "target_vocabulary": TARGET_WORDS,
        "hidden_size": HIDDEN,
        "annotation_size": HIDDEN,
        "embedding_size": EMBEDDING,
        "cell": "gru",
        "encoder_layers": 1,
        "decoder_layers": 1,
        "bidirectional": True,
        "bridge": "dense",
        "embedding_dropout": 0.0,
        "layer_dropout": 0.0,
        "readout_dropout": 0.0,
        "tied_embeddings": "none",
        "initial_range": None,
    }
    mechanism = attention.build(target=target) if target else make(score, units=7)
    return Seq2Seq(mechanism, seed=seed, query_time=query_time, input_feeding=input_feeding, **{**options, **changes})


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """What is built inside computes in `policy`, such as mixed_bfloat16."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@pytest.fixture
def float64() -> Any:
    """Computes in float64 for the length of a test."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


@pytest.fixture
def make_model() -> Callable[..., Seq2Seq]:
    """See `build_model`."""
    return build_model


@pytest.fixture
def pairs() -> tuple[np.ndarray, np.ndarray]:
    """Source and target ids of three sentences with EOS, the longest 5 and 6 tokens."""
    source = np.array([[4, 7, 9, 16, 2], [5, 2, 0, 0, 0], [11, 12, 2, 0, 0]], np.int32)
    target = np.array([[18, 5, 2, 0, 0, 0], [6, 7, 8, 9, 10, 2], [4, 2, 0, 0, 0, 0]], np.int32)
    return source, target
