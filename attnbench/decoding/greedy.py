"""Greedy search."""

from typing import Any

from keras import ops

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
    places = ops.arange(longest, dtype="int32")[None, :]

    def unfinished(place: Any, tokens: Any, done: Any, *_: Any) -> Any:
        return ops.logical_and(place < longest, ops.logical_not(ops.all(done)))

    def advance(place: Any, tokens: Any, done: Any, written: Any, state: Any) -> Any:
        logits, _, state = model.step(tokens, state, encoded.memory)
        best = ops.cast(ops.argmax(logits, axis=-1), "int32")
        best = ops.where(done, PAD, best)
        written = ops.where(places == place, best[:, None], written)
        done = ops.logical_or(ops.logical_or(done, best == END), place + 1 >= limits)
        return place + 1, best, done, written, state

    first = ops.full((batch,), BEGIN, "int32")
    done = limits <= 0
    written = ops.full((batch, longest), PAD, "int32")
    _, _, _, written, _ = ops.while_loop(
        unfinished, advance, (ops.convert_to_tensor(0, "int32"), first, done, written, encoded.state)
    )
    return written
