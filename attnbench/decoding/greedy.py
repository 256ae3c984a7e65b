"""Greedy search."""

from typing import NamedTuple

from keras import ops

from attnbench.decoding.largest import largest
from attnbench.decoding.shrinking import shrinking_loop
from attnbench.model import DecoderState, Seq2Seq
from attnbench.special_tokens import BOS, EOS, PAD
from attnbench.tensors import Structure, Tensor


def length_limits(source: Tensor) -> tuple[Tensor, Tensor]:
    """Where decoding stops: after 2 x source + 10 tokens, the source's EOS not counted.

    Args:
        source: (batch, source) ids with EOS.

    Returns:
        The limit of each sentence, (batch,) int32, 0 for an empty row; and the largest that this width allows.
    """
    lengths = ops.sum(ops.cast(ops.not_equal(source, PAD), "int32"), axis=1) - 1
    return ops.where(lengths >= 0, 2 * lengths + 10, 0), 2 * ops.shape(source)[1] + 8


def greedy_search(model: Seq2Seq, source: Tensor, limits: Tensor, longest: Tensor | int) -> Tensor:
    """The most probable token at every position.

    Args:
        model: decodes.
        source: (batch, source) ids with EOS.
        limits: (batch,) int32, the most tokens of each sentence.
        longest: a number that no limit exceeds.

    Returns:
        (batch, longest) int32 ids; after EOS, or after the limit, PAD.
    """
    positions = ops.arange(longest, dtype="int32")[None, :]

    def advance(hypotheses: _Hypotheses) -> _Hypotheses:
        length, newest, done, tokens, limits, state, memory = hypotheses
        logits, _, state = model.step(newest, state, memory)
        best = ops.where(done, PAD, largest(logits, 1)[1][:, 0])
        tokens = ops.where(positions == length, best[:, None], tokens)
        done = ops.logical_or(ops.logical_or(done, best == EOS), length + 1 >= limits)
        return _Hypotheses(length + 1, best, done, tokens, limits, state, memory)

    encoded = model.encode(source)
    batch = ops.shape(source)[0]
    hypotheses = _Hypotheses(
        length=ops.convert_to_tensor(0, "int32"),
        newest=ops.full((batch,), BOS, "int32"),
        done=limits <= 0,
        tokens=ops.full((batch, longest), PAD, "int32"),
        limits=limits,
        state=encoded.state,
        memory=encoded.memory or (),
    )
    return shrinking_loop(advance, lambda hypotheses: hypotheses.tokens, hypotheses)


class _Hypotheses(NamedTuple):
    """One hypothesis a sentence.

    length: target positions done, ().
    tokens, newest: the hypotheses, (batch, longest), and the last token of each, (batch,).
    done, limits: whether a sentence is done, and the most tokens that it may have, (batch,).
    state, memory: the decoder's; memory is () without attention.
    """

    length: Tensor
    newest: Tensor
    done: Tensor
    tokens: Tensor
    limits: Tensor
    state: DecoderState
    memory: Structure
