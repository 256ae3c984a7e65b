"""Beam search."""

from typing import Any, NamedTuple

import keras
from keras import ops

from attnbench.model import BEGIN, END, PAD, Seq2Seq

_NEVER = -1e9


class _Beams(NamedTuple):
    """Alive beams and finished hypotheses of each sentence.

    place: positions done. tokens (batch, beams, longest). scores (batch, beams): log-probability of the alive ones.
    ended, ended_scores: the same of finished hypotheses, the scores already divided by the length penalty.
    done (batch,). state: the decoder's, rows batch x beams.
    """

    place: Any
    tokens: Any
    scores: Any
    ended: Any
    ended_scores: Any
    done: Any
    state: Any


def beam_search(model: Seq2Seq, source: Any, limits: Any, longest: Any, *, beams: int, length_penalty: float) -> Any:
    """The best finished hypothesis of a beam of `beams`.

    A hypothesis Y is finished when its end mark is among the `beams` best extensions of its sentence. It scores
    log P(Y) / ((5 + |Y|) / 6)^length_penalty, the end mark counted (Wu et al. 2016, equation 14, without coverage).
    A sentence ends when no alive beam can still pass the worst of its `beams` finished hypotheses, or at its limit;
    without any finished one its best alive beam is taken. One beam without penalty is greedy search.

    Args:
        model: decodes.
        source: (batch, source) ids with end mark.
        limits: (batch,) int32, the most tokens of each sentence.
        longest: a number that no limit exceeds.
        beams: alive beams a sentence.
        length_penalty: 0 for none; 1 for nearly the mean log-probability.

    Returns:
        (batch, longest) int32 ids; after the end mark, or after the limit, PAD.
    """
    encoded = model.encode(source)
    search = _Search(limits, longest, beams=beams, length_penalty=length_penalty)
    memory = None if encoded.memory is None else keras.tree.map_structure(search.repeat, encoded.memory)
    state = keras.tree.map_structure(search.repeat, encoded.state)

    def advance(*values: Any) -> Any:
        beam = _Beams(*values)
        logits, _, after = model.step(search.newest(beam), beam.state, memory)
        return tuple(search.advance(beam, logits, after))

    def unfinished(*values: Any) -> Any:
        beam = _Beams(*values)
        return ops.logical_and(beam.place < longest, ops.logical_not(ops.all(beam.done)))

    beam = _Beams(*ops.while_loop(unfinished, advance, tuple(search.start(state))))
    return search.best(beam)


class _Search:
    """The bookkeeping of beams, free of the model."""

    def __init__(self, limits: Any, longest: Any, *, beams: int, length_penalty: float) -> None:
        self._limits, self._longest, self._beams, self._power = limits, longest, beams, length_penalty
        self._batch = ops.shape(limits)[0]
        self._places = ops.arange(longest, dtype="int32")[None, None, :]

    def repeat(self, x: Any) -> Any:
        """(batch, ...) -> (batch x beams, ...)."""
        return ops.repeat(x, self._beams, axis=0)

    def start(self, state: Any) -> _Beams:
        """One alive beam a sentence; the others are impossible, so that all first candidates differ."""
        shape = (self._batch, self._beams)
        empty = ops.full((*shape, self._longest), PAD, "int32")
        first = ops.arange(self._beams)[None, :] == 0
        scores = ops.where(ops.broadcast_to(first, shape), 0.0, _NEVER)
        return _Beams(
            ops.convert_to_tensor(0, "int32"),
            empty,
            scores,
            empty,
            ops.full(shape, _NEVER, "float32"),
            self._limits <= 0,
            state,
        )

    def newest(self, beam: _Beams) -> Any:
        """The last token of every alive beam, (batch x beams,)."""
        at = self._places == beam.place - 1
        last = ops.sum(ops.where(at, beam.tokens, 0), axis=-1)
        return ops.reshape(ops.where(beam.place == 0, BEGIN, last), (-1,))

    def penalty(self, length: Any) -> Any:
        """What a log-probability of `length` tokens is divided by."""
        return ((5.0 + ops.cast(length, "float32")) / 6.0) ** self._power

    def advance(self, beam: _Beams, logits: Any, state: Any) -> _Beams:
        """Extends every alive beam by one token; sentences that are done stay as they are."""
        scores, parents, tokens = self._candidates(beam, logits)
        written = ops.take_along_axis(beam.tokens, parents[:, :, None], axis=1)
        written = ops.where(self._places == beam.place, tokens[:, :, None], written)
        ends = tokens == END
        among_best = ops.arange(scores.shape[-1])[None, :] < self._beams
        ended, ended_scores = self._finish(beam, written, ops.where(ops.logical_and(ends, among_best), scores, _NEVER))
        alive_scores, chosen = ops.top_k(ops.where(ends, _NEVER, scores), self._beams)
        chosen = ops.cast(chosen, "int32")
        alive = ops.take_along_axis(written, chosen[:, :, None], axis=1)
        rows = ops.take_along_axis(parents, chosen, axis=1) + self._first_rows()
        state = keras.tree.map_structure(lambda x: ops.take(x, ops.reshape(rows, (-1,)), axis=0), state)
        held = beam.done[:, None]
        result = _Beams(
            beam.place + 1,
            ops.where(held[:, :, None], beam.tokens, alive),
            ops.where(held, beam.scores, alive_scores),
            ops.where(held[:, :, None], beam.ended, ended),
            ops.where(held, beam.ended_scores, ended_scores),
            beam.done,
            state,
        )
        return result._replace(done=ops.logical_or(beam.done, self._over(result)))

    def _candidates(self, beam: _Beams, logits: Any) -> tuple[Any, Any, Any]:
        """The best 2 x beams extensions of each sentence: scores, parent beams and tokens."""
        wide = ops.cast(logits, "float32")
        steps = ops.log_softmax(wide, axis=-1)
        classes = wide.shape[-1]
        totals = ops.reshape(steps, (self._batch, self._beams, classes)) + beam.scores[:, :, None]
        flat = ops.reshape(totals, (self._batch, self._beams * classes))
        scores, places = ops.top_k(flat, min(2 * self._beams, self._beams * classes))
        places = ops.cast(places, "int32")
        return scores, places // classes, places % classes

    def _finish(self, beam: _Beams, written: Any, scores: Any) -> tuple[Any, Any]:
        possible = scores > _NEVER / 2
        scores = ops.where(possible, scores / self.penalty(beam.place + 1), _NEVER)
        pool = ops.concatenate([beam.ended, written], axis=1)
        best, chosen = ops.top_k(ops.concatenate([beam.ended_scores, scores], axis=1), self._beams)
        return ops.take_along_axis(pool, ops.cast(chosen, "int32")[:, :, None], axis=1), best

    def _first_rows(self) -> Any:
        return ops.arange(self._batch, dtype="int32")[:, None] * self._beams

    def _over(self, beam: _Beams) -> Any:
        """Whether a sentence can gain nothing more: log-probabilities only fall, penalties only grow."""
        reachable = ops.max(beam.scores, axis=1) / self.penalty(self._limits)
        settled = ops.min(beam.ended_scores, axis=1) >= reachable
        return ops.logical_or(settled, beam.place >= self._limits)

    def best(self, beam: _Beams) -> Any:
        """The best finished hypothesis, or the best alive one of a sentence without any."""
        finished = ops.max(beam.ended_scores, axis=1) > _NEVER / 2
        return ops.where(
            finished[:, None],
            self._first(beam.ended, beam.ended_scores),
            self._first(beam.tokens, beam.scores),
        )

    def _first(self, tokens: Any, scores: Any) -> Any:
        place = ops.cast(ops.argmax(scores, axis=1), "int32")
        return ops.squeeze(ops.take_along_axis(tokens, place[:, None, None], axis=1), 1)
