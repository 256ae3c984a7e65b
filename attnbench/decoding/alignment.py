"""Attention weights under forced decoding."""

from typing import Any

import numpy as np
from keras import ops

from attnbench import backend
from attnbench.model import PAD, Seq2Seq


class ForcedAligner:
    """The weights with which a model predicts given target tokens, row t those used to predict token t."""

    def __init__(self, model: Seq2Seq) -> None:
        def weights(source: Any, target: Any) -> Any:
            return model.teacher_forced(source, target)[1]

        self._weights = backend.compiled(weights, model.trainable_variables)

    def batch(self, source: np.ndarray, target: np.ndarray) -> list[np.ndarray]:
        """Weights of each sentence, end marks dropped on both sides.

        Args:
            source: (batch, source) ids with end mark.
            target: (batch, target) ids with end mark.

        Returns:
            For each sentence (target tokens, source tokens); an empty row of the batch gives (0, 0).
        """
        found = backend.read(
            ops.cast(self._weights(ops.convert_to_tensor(source), ops.convert_to_tensor(target)), "float32")
        )
        heights = np.maximum(np.count_nonzero(target != PAD, axis=1) - 1, 0)
        widths = np.maximum(np.count_nonzero(source != PAD, axis=1) - 1, 0)
        return [found[:height, row, :width] for row, (height, width) in enumerate(zip(heights, widths, strict=True))]
