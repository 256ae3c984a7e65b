"""Beam search."""

from typing import Any, NamedTuple

import keras
from keras import ops

from attnbench import backend
from attnbench.decoding.largest import largest
from attnbench.decoding.shrinking import shrinking_loop
from attnbench.model import BEGIN, END, PAD, Encoded, Seq2Seq

_NEVER = -1e9


class _Beams(NamedTuple):
    """Alive beams of each sentence, and the best of its hypotheses that are finished.

    place: positions done. tokens (batch, beams, longest), scores (batch, beams): the alive ones and their
    log-probabilities. best (batch, longest), best_score (batch,): the finished one, its score divided by the length
    penalty. done, limits (batch,). state: the decoder's, (beams x batch, ...). memory: the decoder's, (batch, ...).
    """

    place: Any
    tokens: Any
    scores: Any
    best: Any
    best_score: Any
    done: Any
    limits: Any
    state: Any
    memory: Any


def beam_search(model: Seq2Seq, source: Any, limits: Any, longest: Any, *, beams: int, length_penalty: float) -> Any:
    """The best finished hypothesis of a beam of `beams`.

    A hypothesis Y is finished when its end mark is among the `beams` best extensions of its sentence. It scores
    log P(Y) / ((5 + |Y|) / 6)^length_penalty, the end mark counted (Wu et al. 2016, equation 14, without coverage).
    A sentence ends when no alive beam can still pass its best finished hypothesis, or at its limit; without a finished
    one its best alive beam is taken. One beam without penalty is greedy search.

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
    search = _Search(model, longest, beams=beams, length_penalty=length_penalty)
    return shrinking_loop(search, search.advance(search.start(model.encode(source), limits)))


class _Search:
    """See `shrinking.Search`."""

    def __init__(self, model: Seq2Seq, longest: Any, *, beams: int, length_penalty: float) -> None:
        self._model, self._longest, self._beams, self._power = model, longest, beams, length_penalty
        self._places = ops.arange(longest, dtype="int32")[None, None, :]

    def start(self, encoded: Encoded, limits: Any) -> _Beams:
        """One alive beam a sentence, the empty hypothesis; the first step makes as many as there are to be."""
        batch = ops.shape(limits)[0]
        return _Beams(
            place=ops.convert_to_tensor(0, "int32"),
            tokens=ops.full((batch, 1, self._longest), PAD, "int32"),
            scores=ops.zeros((batch, 1), "float32"),
            best=ops.full((batch, self._longest), PAD, "int32"),
            best_score=ops.full((batch,), _NEVER, "float32"),
            done=limits <= 0,
            limits=limits,
            state=encoded.state,
            memory=encoded.memory or (),
        )

    def unfinished(self, beam: _Beams) -> Any:
        return ops.logical_not(beam.done)

    def chosen(self, beam: _Beams, rows: Any) -> _Beams:
        batch = ops.shape(beam.done)[0]
        in_state = ops.reshape(ops.arange(self._beams)[:, None] * batch + rows[None, :], (-1,))
        whole = beam._replace(place=(), state=())
        return _rows(whole, rows)._replace(place=beam.place, state=_rows(beam.state, in_state))

    def newest(self, beam: _Beams) -> Any:
        """The last token of every alive beam, (beams x batch,)."""
        at = self._places == beam.place - 1
        last = ops.sum(ops.where(at, beam.tokens, 0), axis=-1)
        return ops.reshape(ops.transpose(ops.where(beam.place == 0, BEGIN, last)), (-1,))

    def penalty(self, length: Any) -> Any:
        """What a log-probability of `length` tokens is divided by."""
        return ((5.0 + ops.cast(length, "float32")) / 6.0) ** self._power

    def advance(self, beam: _Beams) -> _Beams:
        """Extends every alive beam by one token; sentences that are done stay as they are."""
        alive = beam.scores.shape[-1]
        logits, _, state = self._model.step(self.newest(beam), beam.state, beam.memory, hypotheses=alive)
        scores, parents, tokens = self._candidates(beam, logits)
        ends = tokens == END
        beam = self._finish(beam, ops.where(ends, scores, _NEVER)[:, : self._beams], parents)
        scores, chosen = ops.top_k(ops.where(ends, _NEVER, scores), self._beams)
        chosen = ops.cast(chosen, "int32")
        parents, tokens = (ops.take_along_axis(x, chosen, axis=1) for x in (parents, tokens))
        batch = ops.shape(beam.done)[0]
        rows = ops.reshape(ops.transpose(parents * batch + ops.arange(batch)[:, None]), (-1,))
        written = ops.where(beam.done[:, None, None], beam.tokens, self._written(beam, parents, tokens))
        beam = beam._replace(place=beam.place + 1, tokens=written, scores=scores, state=_rows(state, rows))
        return beam._replace(done=ops.logical_or(beam.done, self._over(beam)))

    def _written(self, beam: _Beams, parents: Any, tokens: Any) -> Any:
        """The hypotheses at `parents`, longer by `tokens`: (batch, n) each -> (batch, n, longest)."""
        before = ops.take_along_axis(beam.tokens, parents[:, :, None], axis=1)
        return ops.where(self._places == beam.place, tokens[:, :, None], before)

    def _candidates(self, beam: _Beams, logits: Any) -> tuple[Any, Any, Any]:
        """The best 2 x beams extensions of each sentence: scores, parent beams and tokens."""
        wanted, alive = 2 * self._beams, beam.scores.shape[-1]
        each = min(wanted, logits.shape[-1])
        best, tokens = largest(logits, each)
        steps = ops.cast(best, "float32") - _normaliser(logits)[:, None]
        totals = self._by_sentence(steps, alive) + ops.repeat(beam.scores, each, axis=1)
        totals, tokens = _widened(totals, wanted, _NEVER), _widened(self._by_sentence(tokens, alive), wanted, PAD)
        scores, places = ops.top_k(totals, wanted)
        places = ops.cast(places, "int32")
        parents = ops.minimum(places // each, alive - 1)
        return scores, parents, ops.take_along_axis(tokens, places, axis=1)

    def _by_sentence(self, x: Any, alive: int) -> Any:
        """(alive x batch, n) -> (batch, alive x n)."""
        x = ops.transpose(ops.reshape(x, (alive, -1, x.shape[-1])), (1, 0, 2))
        return ops.reshape(x, (-1, alive * x.shape[-1]))

    def _finish(self, beam: _Beams, scores: Any, parents: Any) -> _Beams:
        """Keeps the best of the hypotheses that end now, (batch, n) log-probabilities, where none before is better."""
        score, place = ops.top_k(scores, 1)
        score, parent = score[:, 0], ops.take_along_axis(parents, ops.cast(place, "int32"), axis=1)
        score = ops.where(score > _NEVER / 2, score / self.penalty(beam.place + 1), _NEVER)
        better = ops.logical_and(score > beam.best_score, ops.logical_not(beam.done))
        written = self._written(beam, parent, ops.full_like(parent, END))[:, 0]
        return beam._replace(
            best=ops.where(better[:, None], written, beam.best),
            best_score=ops.where(better, score, beam.best_score),
        )

    def _over(self, beam: _Beams) -> Any:
        """Whether a sentence can gain nothing more: log-probabilities only fall, penalties only grow."""
        reachable = ops.max(beam.scores, axis=1) / self.penalty(beam.limits)
        return ops.logical_or(beam.best_score >= reachable, beam.place >= beam.limits)

    def result(self, beam: _Beams) -> Any:
        """The best finished hypothesis, or the best alive one of a sentence without any."""
        finished = beam.best_score > _NEVER / 2
        return ops.where(finished[:, None], beam.best, beam.tokens[:, 0])


def _rows(structure: Any, rows: Any) -> Any:
    return keras.tree.map_structure(lambda x: ops.take(x, rows, axis=0), structure)


@backend.fused
def _normaliser(logits: Any) -> Any:
    """The logarithm of Σ exp of each row, float32."""
    return ops.logsumexp(ops.cast(logits, "float32"), axis=-1)


def _widened(x: Any, width: int, value: Any) -> Any:
    """`x` (batch, n) with columns of `value` up to `width`."""
    return ops.pad(x, ((0, 0), (0, max(0, width - x.shape[-1]))), constant_values=value)
