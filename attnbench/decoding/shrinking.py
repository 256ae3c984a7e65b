"""The loop of a search over a batch, which continues without the sentences that are done."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from attnbench.tensors import Structure, Tensor

HALVINGS = 3


def shrinking_loop(
    advance: Callable[[Any], Any],
    result: Callable[[Any], Tensor],
    values: Any,
    *,
    hypotheses: int = 1,
    halvings: int = HALVINGS,
) -> Tensor:
    """Advances until all sentences are done; returns their results, (batch, longest).

    When half of the sentences are done the others continue as a batch of half the size, which may be halved again.

    Args:
        advance: values -> those at the next target position; a sentence that is done keeps its result.
        result: values -> (batch, longest) ids.
        values: a named tuple of structures of tensors, (batch, ...) each but for its `length` () and its `state`,
            (hypotheses x batch, ...), a batch for each hypothesis. Its `done` (batch,) tells which sentences are.
        hypotheses: of a sentence.
        halvings: how often in all.
    """
    named_tuple = type(values)
    if values.done.shape[0] == 1:
        halvings = 0
    fewest = ops.shape(values.done)[0] // 2 if halvings else 0

    def many(*values: Any) -> Tensor:
        return ops.sum(ops.cast(ops.logical_not(named_tuple(*values).done), "int32")) > fewest

    values = named_tuple(*ops.while_loop(many, lambda *values: tuple(advance(named_tuple(*values))), tuple(values)))
    ids = result(values)
    if not halvings:
        return ids
    done_last = ops.argsort(ops.cast(values.done, "int32"))
    rows = ops.cast(done_last[:fewest], "int32")
    # Sentences -> their rows of the state: hypothesis 0 of all of them, hypothesis 1 of all of them, ...
    batch = ops.shape(values.done)[0]
    in_state = ops.reshape(ops.arange(hypotheses, dtype="int32")[:, None] * batch + rows[None, :], (-1,))
    fewer = taken(values._replace(length=(), state=()), rows)
    fewer = fewer._replace(length=values.length, state=taken(values.state, in_state))
    rest = shrinking_loop(advance, result, fewer, hypotheses=hypotheses, halvings=halvings - 1)
    return ops.scatter_update(ids, rows[:, None], rest)


def taken(structure: Structure, rows: Tensor) -> Structure:
    """The `rows` (n,) int32 of each tensor."""
    return keras.tree.map_structure(lambda x: ops.take(x, rows, axis=0), structure)
