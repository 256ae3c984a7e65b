"""Attention weights under forced decoding."""

import numpy as np

from attnbench.decoding import ForcedAligner
from tests.model.conftest import build_model


def test_each_sentence_gets_its_own_weights_without_eos() -> None:
    source = np.array([[4, 7, 9, 2], [5, 2, 0, 0], [0, 0, 0, 0]], np.int32)
    target = np.array([[18, 2, 0], [6, 7, 2], [0, 0, 0]], np.int32)
    found = ForcedAligner(build_model("dot")).batch(source, target)
    assert [weights.shape for weights in found] == [(1, 3), (2, 1), (0, 0)]
    # EOS takes its share, so that what is left sums to less than one.
    assert (found[0].sum(axis=1) < 1).all()
    assert (found[0] > 0).all()
