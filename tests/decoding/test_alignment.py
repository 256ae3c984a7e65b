"""Attention weights under forced decoding."""

import numpy as np
import pytest

from attnbench.decoding import ForcedAligner
from tests.model.conftest import build_model


def test_each_sentence_gets_its_own_weights_that_on_eos_last() -> None:
    source = np.array([[4, 7, 9, 2], [5, 2, 0, 0], [0, 0, 0, 0]], np.int32)
    target = np.array([[18, 2, 0], [6, 7, 2], [0, 0, 0]], np.int32)
    found = ForcedAligner(build_model("dot")).batch(source, target)
    assert [weights.shape for weights in found] == [(1, 4), (2, 2), (0, 0)]
    for weights in found:
        assert weights.sum(axis=1) == pytest.approx(1)
        assert (weights > 0).all()
