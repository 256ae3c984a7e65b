"""Attention weights under forced decoding."""

import numpy as np
from keras import ops

from attnbench import backend
from attnbench.model import Seq2Seq
from attnbench.special_tokens import PAD
from attnbench.tensors import Tensor


class ForcedAligner:
    """The weights with which a model predicts given target tokens; row t has those used to predict token t."""

    def __init__(self, model: Seq2Seq) -> None:
        def weights(source: Tensor, target: Tensor) -> Tensor:
            return model.teacher_forced(source, target)[1]

        self._weights = backend.compiled(weights, model.trainable_variables)

    def batch(self, source: np.ndarray, target: np.ndarray) -> list[np.ndarray]:
        """Weights of each sentence: no row predicts EOS, the last column is the weight on the source's EOS.

        Args:
            source: (batch, source) ids with EOS.
            target: (batch, target) ids with EOS.

        Returns:
            For each sentence (target tokens, source tokens + 1); an empty row of the batch gives (0, 0).
        """
        tensors = ops.convert_to_tensor(source), ops.convert_to_tensor(target)
        weights = backend.read(ops.cast(self._weights(*tensors), "float32"))  # (target, batch, source)
        targets, sources = (np.count_nonzero(ids != PAD, axis=1) for ids in (target, source))
        rows = np.maximum(targets - 1, 0)
        return [weights[:row, i, :columns] for i, (row, columns) in enumerate(zip(rows, sources, strict=True))]
