"""A decoder whose probabilities are written down: what comes next depends on the token before and on the source."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from keras import ops

from attnbench.decoding import Searcher
from attnbench.model import DecoderState, Encoded


class TableModel:
    """Next-token probabilities by (first source token, token before), as rows of a table; no memory, no weights."""

    def __init__(self, table: np.ndarray) -> None:
        self._logarithms = np.log(np.maximum(table, 1e-30)).astype(np.float32)
        self.trainable_variables: list[Any] = []
        self.attention = None

    def encode(self, source: Any) -> Encoded:
        """The state is the first source token."""
        return Encoded(None, DecoderState(((ops.cast(source[:, :1], "float32"),),), (), ()))

    def step(self, tokens: Any, state: DecoderState, memory: Any, **_: Any) -> tuple[Any, Any, DecoderState]:
        """Looks the row up."""
        table = ops.convert_to_tensor(self._logarithms)
        rows = ops.cast(state.layers[0][0][:, 0], "int32") * table.shape[1] + tokens
        return ops.take(ops.reshape(table, (-1, table.shape[-1])), rows, axis=0), (), state


def batch(*rows: list[int]) -> Any:
    """A source batch of these rows in their order, filled up with 0."""
    width = max(map(len, rows))
    source = np.array([row + [0] * (width - len(row)) for row in rows], np.int32)
    return SimpleNamespace(source=source, rows=np.arange(len(rows)))


def hypotheses(searcher: Searcher, batch: Any) -> list[list[int]]:
    """The ids of each sentence of a batch without empty rows."""
    return [ids.tolist() for ids in searcher.decode([batch], len(batch.rows)).hypotheses]
