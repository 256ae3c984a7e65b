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
        """Weights of each sentence, without those from or to EOS.

        Args:
            source: (batch, source) ids with EOS.
            target: (batch, target) ids with EOS.

        Returns:
            For each sentence (target tokens, source tokens); an empty row of the batch gives (0, 0).
        """
        tensors = ops.convert_to_tensor(source), ops.convert_to_tensor(target)
        weights = backend.read(ops.cast(self._weights(*tensors), "float32"))  # (target, batch, source)
        targets, sources = (np.maximum(np.count_nonzero(ids != PAD, axis=1) - 1, 0) for ids in (target, source))
        return [weights[:rows, i, :columns] for i, (rows, columns) in enumerate(zip(targets, sources, strict=True))]
