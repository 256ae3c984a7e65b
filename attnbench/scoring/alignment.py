"""Word alignments read off attention weights, and how well they agree with gold links."""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import entr

Link = tuple[int, int]
"""Index of a source word, index of a target word, both from 0."""


class GoldLinks(Protocol):
    """The gold links of one sentence pair; `possible` counts as if it included `sure`."""

    @property
    def sure(self) -> AbstractSet[Link]:
        """Links that annotators were certain of."""

    @property
    def possible(self) -> AbstractSet[Link]:
        """Links that are not wrong."""


def link_words(
    weights: npt.ArrayLike, source_words: Sequence[int], target_words: Sequence[int]
) -> set[tuple[int, int]]:
    """Links each target word to the source word of greatest weight, the first of them where several are equal.

    The weight between two words is the sum of the weights between their pieces.

    Args:
        weights: `(target, source)` attention weights between pieces, end marks dropped.
        source_words: for each source piece, the index of its word.
        target_words: for each target piece, the index of its word.

    Raises:
        ValueError: the weights do not have a row for each target piece and a column for each source piece.
    """
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != (len(target_words), len(source_words)):
        raise ValueError(
            f"The weights do not fit the pieces: expected shape {(len(target_words), len(source_words))} "
            f"(target, source), received {weights.shape}. Drop the end marks from weights and pieces alike."
        )
    if not weights.size:
        return set()
    sources, source_columns = np.unique(source_words, return_inverse=True)
    targets, target_rows = np.unique(target_words, return_inverse=True)
    words = np.zeros((len(targets), len(sources)))
    np.add.at(words, (target_rows[:, None], source_columns[None, :]), weights)
    return set(zip(sources[words.argmax(axis=1)].tolist(), targets.tolist(), strict=True))


def alignment_error_rate(predicted: Sequence[Collection[Link]], gold: Sequence[GoldLinks]) -> float:
    """Alignment error rate, a fraction: 1 - (|A ∩ S| + |A ∩ P|) / (|A| + |S|), P including S.

    A are the predicted links, S the sure and P the possible ones, all counted over the whole test set
    (Och and Ney 2003, section 5.1).

    Raises:
        ValueError: the two have different numbers of sentences, or there is not one predicted or sure link.
    """
    if len(predicted) != len(gold):
        raise ValueError(
            f"The alignment error rate needs predicted and gold links of the same sentences: received {len(predicted)} "
            f"and {len(gold)} sentences. Give both in the same order and number."
        )
    agreements = links = 0
    for found, true in zip(predicted, gold, strict=True):
        found = set(found)
        agreements += len(found & true.sure) + len(found & (true.possible | true.sure))
        links += len(found) + len(true.sure)
    if not links:
        raise ValueError(
            "The alignment error rate is undefined: expected at least one predicted or sure link, received none. "
            "Check the file of gold links."
        )
    return 1 - agreements / links


def entropy(weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Entropy of attention weights in bits, -Σ w log2 w with 0 log 0 = 0.

    Args:
        weights: `(..., source)`, each row summing to one.

    Returns:
        float64 `(...)`.
    """
    return entr(np.asarray(weights, dtype=np.float64)).sum(axis=-1) / np.log(2)
