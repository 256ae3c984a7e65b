"""Greedy search."""

from typing import Any, NamedTuple

import keras
from keras import ops

from attnbench.decoding.largest import largest
from attnbench.decoding.shrinking import shrinking_loop
from attnbench.model import BEGIN, END, PAD, Seq2Seq


def length_limits(source: Any) -> tuple[Any, Any]:
    """Where decoding stops: after 2 x source + 10 tokens, the source's end mark not counted.

    Args:
        source: (batch, source) ids with end mark.

    Returns:
        The limit of each sentence, (batch,) int32, 0 for an empty row; and the greatest that this width allows.
    """
    lengths = ops.sum(ops.cast(ops.not_equal(source, PAD), "int32"), axis=1) - 1
    return ops.where(lengths >= 0, 2 * lengths + 10, 0), 2 * ops.shape(source)[1] + 8


def greedy_search(model: Seq2Seq, source: Any, limits: Any, longest: Any) -> Any:
    """The most probable token at every position.

    Args:
        model: decodes.
        source: (batch, source) ids with end mark.
        limits: (batch,) int32, the most tokens of each sentence.
        longest: a number that no limit exceeds.

    Returns:
        (batch, longest) int32 ids; after the end mark, or after the limit, PAD.
    """
    encoded = model.encode(source)
    batch = ops.shape(source)[0]
    hypotheses = _Hypotheses(
        place=ops.convert_to_tensor(0, "int32"),
        newest=ops.full((batch,), BEGIN, "int32"),
        done=limits <= 0,
        written=ops.full((batch, longest), PAD, "int32"),
        limits=limits,
        state=encoded.state,
        memory=encoded.memory or (),
    )
    return shrinking_loop(_Greedy(model, longest), hypotheses)


class _Hypotheses(NamedTuple):
    """One hypothesis a sentence.

    place: positions done. newest (batch,), the last token. done, limits (batch,). written (batch, longest).
    state, memory: the decoder's.
    """

    place: Any
    newest: Any
    done: Any
    written: Any
    limits: Any
    state: Any
    memory: Any


class _Greedy:
    """See `shrinking.Search`."""

    def __init__(self, model: Seq2Seq, longest: Any) -> None:
        self._model = model
        self._places = ops.arange(longest, dtype="int32")[None, :]

    def unfinished(self, hypotheses: _Hypotheses) -> Any:
        return ops.logical_not(hypotheses.done)

    def advance(self, hypotheses: _Hypotheses) -> _Hypotheses:
        place, newest, done, written, limits, state, memory = hypotheses
        logits, _, state = self._model.step(newest, state, memory)
        best = ops.where(done, PAD, largest(logits, 1)[1][:, 0])
        written = ops.where(self._places == place, best[:, None], written)
        done = ops.logical_or(ops.logical_or(done, best == END), place + 1 >= limits)
        return _Hypotheses(place + 1, best, done, written, limits, state, memory)

    def chosen(self, hypotheses: _Hypotheses, rows: Any) -> _Hypotheses:
        whole = hypotheses._replace(place=())
        fewer = keras.tree.map_structure(lambda x: ops.take(x, rows, axis=0), whole)
        return fewer._replace(place=hypotheses.place)

    def result(self, hypotheses: _Hypotheses) -> Any:
        return hypotheses.written
