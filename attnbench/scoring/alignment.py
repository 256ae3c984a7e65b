"""Word alignments read off attention weights, and how well they agree with gold links."""

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import entr

from attnbench.data import Links

Link = tuple[int, int]
"""Index of a source word, index of a target word, both from 0."""


def link_words(weights: npt.ArrayLike, source_words: Sequence[int], target_words: Sequence[int]) -> set[Link]:
    """Links each target word to the source word of largest weight, the first of them where several are equal.

    The weight between two words is the sum of the attention weights `(target, source)` between their pieces, EOS
    dropped; `source_words` and `target_words` are the index of the word of each piece.

    Raises:
        ValueError: the weights do not have a row for each target piece and a column for each source piece.
    """
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != (len(target_words), len(source_words)):
        raise ValueError(
            f"The weights do not fit the pieces: expected shape {(len(target_words), len(source_words))} "
            f"(target, source), received {weights.shape}. Drop EOS from weights and pieces alike."
        )
    if not weights.size:
        return set()
    sources, source_columns = np.unique(source_words, return_inverse=True)
    targets, target_rows = np.unique(target_words, return_inverse=True)
    words = np.zeros((len(targets), len(sources)))
    np.add.at(words, (target_rows[:, None], source_columns[None, :]), weights)
    return set(zip(sources[words.argmax(axis=1)].tolist(), targets.tolist(), strict=True))


def agreement(predicted: Collection[Link], gold: Links) -> tuple[int, int]:
    """|A ∩ S| + |A ∩ P| and |A| + |S| of one sentence: predicted links A, sure links S, possible links P including S.

    The alignment error rate is 1 - the quotient of their sums over the test set (Och and Ney 2003, section 5.1).
    """
    found = set(predicted)
    return len(found & gold.sure) + len(found & gold.possible), len(found) + len(gold.sure)


def entropy(weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Entropy of attention weights `(..., source)` in bits, -Σ w log2 w with 0 log 0 = 0; float64 `(...)`."""
    return entr(np.asarray(weights, dtype=np.float64)).sum(axis=-1) / np.log(2)
