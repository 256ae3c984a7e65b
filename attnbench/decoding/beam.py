"""Beam search."""

from typing import NamedTuple

from keras import ops

from attnbench import backend
from attnbench.decoding.largest import largest
from attnbench.decoding.shrinking import shrinking_loop, taken
from attnbench.model import Encoded, Seq2Seq
from attnbench.special_tokens import BOS, EOS, PAD
from attnbench.tensors import Structure, Tensor

_NEVER = -1e9


class _Beams(NamedTuple):
    """Alive beams of each sentence, and the best of its hypotheses that are finished.

    length: tokens of every alive beam, ().
    tokens, scores: the alive beams, (batch, beams, longest), and their log-probabilities, (batch, beams).
    best, best_score: the best finished hypothesis, (batch, longest), and its score over the length penalty, (batch,).
    done, limits: whether a sentence is done, and the most tokens that it may have, (batch,).
    state: the decoder's, (beams x batch, ...).
    memory: the decoder's, (batch, ...); () without attention.
    """

    length: Tensor
    tokens: Tensor
    scores: Tensor
    best: Tensor
    best_score: Tensor
    done: Tensor
    limits: Tensor
    state: Structure
    memory: Structure


def beam_search(
    model: Seq2Seq, source: Tensor, limits: Tensor, longest: Tensor | int, *, beams: int, length_penalty: float
) -> Tensor:
    """The best finished hypothesis of a beam of `beams`.

    A hypothesis Y is finished when its EOS is among the `beams` best extensions of its sentence. It scores
    log P(Y) / ((5 + |Y|) / 6)^length_penalty, EOS counted (Wu et al. 2016, equation 14, without coverage).
    A sentence ends when no alive beam can still pass its best finished hypothesis, or at its limit; without a finished
    one its best alive beam is taken. One beam without penalty is greedy search, whose other arguments and result these
    are. `length_penalty` is 0 for none, 1 for nearly the mean log-probability.
    """
    search = _Search(model, longest, beams=beams, length_penalty=length_penalty)
    first = search.advance(search.start(model.encode(source), limits))
    return shrinking_loop(search.advance, search.result, first, hypotheses=beams)


class _Search:
    """What `shrinking_loop` advances, and the parts of one advance."""

    def __init__(self, model: Seq2Seq, longest: Tensor | int, *, beams: int, length_penalty: float) -> None:
        self._model, self._longest, self._beams, self._power = model, longest, beams, length_penalty
        self._positions = ops.arange(longest, dtype="int32")[None, None, :]

    def start(self, encoded: Encoded, limits: Tensor) -> _Beams:
        """One alive beam a sentence, the empty hypothesis; the first step makes as many as there are to be."""
        batch = ops.shape(limits)[0]
        return _Beams(
            length=ops.convert_to_tensor(0, "int32"),
            tokens=ops.full((batch, 1, self._longest), PAD, "int32"),
            scores=ops.zeros((batch, 1), "float32"),
            best=ops.full((batch, self._longest), PAD, "int32"),
            best_score=ops.full((batch,), _NEVER, "float32"),
            done=limits <= 0,
            limits=limits,
            state=encoded.state,
            memory=encoded.memory or (),
        )

    def newest(self, beam: _Beams) -> Tensor:
        """The last token of every alive beam, (beams x batch,)."""
        at = self._positions == beam.length - 1
        last = ops.sum(ops.where(at, beam.tokens, 0), axis=-1)
        return ops.reshape(ops.transpose(ops.where(beam.length == 0, BOS, last)), (-1,))

    def penalty(self, length: Tensor) -> Tensor:
        """What a log-probability of `length` tokens is divided by."""
        return ((5.0 + ops.cast(length, "float32")) / 6.0) ** self._power

    def advance(self, beam: _Beams) -> _Beams:
        """Extends every alive beam by one token; sentences that are done stay as they are."""
        alive = beam.scores.shape[-1]
        logits, _, state = self._model.step(self.newest(beam), beam.state, beam.memory, hypotheses=alive)
        scores, parents, tokens = self._candidates(beam, logits)
        ends = tokens == EOS
        beam = self._finish(beam, ops.where(ends, scores, _NEVER)[:, : self._beams], parents)
        scores, best = ops.top_k(ops.where(ends, _NEVER, scores), self._beams)
        parents, tokens = (ops.take_along_axis(x, ops.cast(best, "int32"), axis=1) for x in (parents, tokens))
        batch = ops.shape(beam.done)[0]
        # Parent beams (batch, beams) -> rows of the state, (beams x batch,).
        rows = ops.reshape(ops.transpose(parents * batch + ops.arange(batch, dtype="int32")[:, None]), (-1,))
        extended = ops.where(beam.done[:, None, None], beam.tokens, self._extended(beam, parents, tokens))
        beam = beam._replace(length=beam.length + 1, tokens=extended, scores=scores, state=taken(state, rows))
        return beam._replace(done=ops.logical_or(beam.done, self._over(beam)))

    def _extended(self, beam: _Beams, parents: Tensor, tokens: Tensor) -> Tensor:
        """The hypotheses at `parents`, longer by `tokens`: (batch, n) each -> (batch, n, longest)."""
        before = ops.take_along_axis(beam.tokens, parents[:, :, None], axis=1)
        return ops.where(self._positions == beam.length, tokens[:, :, None], before)

    def _candidates(self, beam: _Beams, logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The best 2 x beams extensions of each sentence: scores, parent beams and tokens, (batch, 2 x beams) each."""
        count, alive = 2 * self._beams, beam.scores.shape[-1]
        each = min(count, logits.shape[-1])
        best, tokens = largest(logits, each)
        steps = ops.cast(best, "float32") - _normaliser(logits)[:, None]
        totals = self._by_sentence(steps, alive) + ops.repeat(beam.scores, each, axis=1)
        totals, tokens = _widened(totals, count, _NEVER), _widened(self._by_sentence(tokens, alive), count, PAD)
        scores, columns = ops.top_k(totals, count)
        columns = ops.cast(columns, "int32")
        parents = ops.minimum(columns // each, alive - 1)
        return scores, parents, ops.take_along_axis(tokens, columns, axis=1)

    def _by_sentence(self, x: Tensor, alive: int) -> Tensor:
        """(alive x batch, n) -> (batch, alive x n)."""
        x = ops.transpose(ops.reshape(x, (alive, -1, x.shape[-1])), (1, 0, 2))
        return ops.reshape(x, (-1, alive * x.shape[-1]))

    def _finish(self, beam: _Beams, scores: Tensor, parents: Tensor) -> _Beams:
        """Keeps the best of the hypotheses that end now, (batch, n) log-probabilities, where none before is better."""
        score, column = ops.top_k(scores, 1)
        score, parent = score[:, 0], ops.take_along_axis(parents, ops.cast(column, "int32"), axis=1)
        score = ops.where(score > _NEVER / 2, score / self.penalty(beam.length + 1), _NEVER)
        better = ops.logical_and(score > beam.best_score, ops.logical_not(beam.done))
        finished = self._extended(beam, parent, ops.full_like(parent, EOS))[:, 0]
        return beam._replace(
            best=ops.where(better[:, None], finished, beam.best),
            best_score=ops.where(better, score, beam.best_score),
        )

    def _over(self, beam: _Beams) -> Tensor:
        """Whether a sentence can gain nothing more: log-probabilities only fall, penalties only grow."""
        reachable = ops.max(beam.scores, axis=1) / self.penalty(beam.limits)
        return ops.logical_or(beam.best_score >= reachable, beam.length >= beam.limits)

    def result(self, beam: _Beams) -> Tensor:
        """The best finished hypothesis, or the best alive one of a sentence without any."""
        finished = beam.best_score > _NEVER / 2
        return ops.where(finished[:, None], beam.best, beam.tokens[:, 0])


@backend.fused
def _normaliser(logits: Tensor) -> Tensor:
    """The logarithm of Σ exp of each row, float32."""
    return ops.logsumexp(ops.cast(logits, "float32"), axis=-1)


def _widened(x: Tensor, width: int, value: float) -> Tensor:
    """`x` (batch, n) with columns of `value` up to `width`."""
    return ops.pad(x, ((0, 0), (0, max(0, width - x.shape[-1]))), constant_values=value)
