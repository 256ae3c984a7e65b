"""The loop of a search over a batch, which continues without the sentences that are done."""

from typing import Any, Protocol

from keras import ops

from attnbench.tensors import Tensor

HALVINGS = 3


class Search(Protocol):
    """A search, whose `values` (a named tuple of structures of tensors) describe a batch at one target position."""

    def unfinished(self, values: Any) -> Tensor:
        """(batch,) bool, False where a sentence is done."""

    def advance(self, values: Any) -> Any:
        """The values at the next target position; a sentence that is done keeps its result."""

    def select(self, values: Any, rows: Tensor) -> Any:
        """The values of the sentences `rows` (n,) int32 alone."""

    def result(self, values: Any) -> Tensor:
        """(batch, longest) ids."""


def shrinking_loop(search: Search, values: Any, *, halvings: int = HALVINGS) -> Tensor:
    """Advances until all sentences are done; returns their results, (batch, longest).

    When half of the sentences are done the others continue as a batch of half the size; that batch may be halved again,
    `halvings` times in all.
    """
    named_tuple = type(values)
    if search.unfinished(values).shape[0] == 1:
        halvings = 0
    fewest = ops.shape(search.unfinished(values))[0] // 2 if halvings else 0

    def many(*values: Any) -> Tensor:
        return ops.sum(ops.cast(search.unfinished(named_tuple(*values)), "int32")) > fewest

    def advance(*values: Any) -> Any:
        return tuple(search.advance(named_tuple(*values)))

    values = named_tuple(*ops.while_loop(many, advance, tuple(values)))
    result = search.result(values)
    if not halvings:
        return result
    done_last = ops.argsort(ops.cast(ops.logical_not(search.unfinished(values)), "int32"))
    rows = ops.cast(done_last[:fewest], "int32")
    rest = shrinking_loop(search, search.select(values, rows), halvings=halvings - 1)
    return ops.scatter_update(result, rows[:, None], rest)
