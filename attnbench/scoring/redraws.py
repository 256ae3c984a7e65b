"""The bootstrap: how often each redrawn test set takes each sentence."""

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

DRAWS = 10_000

Counts = npt.NDArray[np.float32]
"""`(sentences, draws)`, how often each draw takes each sentence."""


def redraw(strata: Sequence[Hashable], *, generator: np.random.Generator, draws: int = DRAWS) -> Counts:
    """Draws each sentence from those of its own stratum, with replacement, as many as there are.

    `strata` `(sentences,)` are what the design of the test set fixes: the lengths of a generated set, which has as many
    sentences of each length as its options say; one value for all where the sentences were found.
    """
    members: dict[Hashable, list[int]] = {}
    for sentence, stratum in enumerate(strata):
        members.setdefault(stratum, []).append(sentence)
    counts = np.empty((len(strata), draws), dtype=np.float32)
    for sentences in members.values():
        size = len(sentences)
        counts[sentences] = generator.multinomial(size, np.full(size, 1 / size), size=draws).T
    return counts
