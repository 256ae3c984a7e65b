"""How far a hypothesis is the one right translation, where each source has one: whole, by word, and by phenomenon."""

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np
import numpy.typing as npt

from attnbench.data import Phenomena

MINIMUM_INSTANCES = 30
"""A phenomenon with fewer instances in the test set has no columns, and so no metric."""


def exactness(
    hypotheses: Sequence[str], references: Sequence[str], phenomena: Sequence[Phenomena]
) -> dict[str, npt.NDArray[np.int64]]:
    """`exact_match`, `correct_tokens`, and `NAME_right` and `NAME_total` of each phenomenon.

    A word is correct where it equals the reference's word at the same index. An instance of a phenomenon is right where
    all of its words are in `aligned_words`.
    """
    pairs = [(line.split(), reference.split()) for line, reference in zip(hypotheses, references, strict=True)]
    columns = {
        "exact_match": [one == other for one, other in pairs],
        "correct_tokens": [sum(map(str.__eq__, one, other)) for one, other in pairs],
    }
    right, total = [], []
    for pair, instances in zip(pairs, phenomena, strict=True):
        aligned = aligned_words(*pair) if instances else set()
        right.append(Counter(name for name, words in instances if aligned.issuperset(words)))
        total.append(Counter(name for name, _ in instances))
    for name, count in sorted(sum(total, Counter()).items()):
        if count >= MINIMUM_INSTANCES:
            columns |= {f"{name}_right": [one[name] for one in right], f"{name}_total": [one[name] for one in total]}
    return {name: np.array(values, dtype=np.int64) for name, values in columns.items()}


def aligned_words(hypothesis: Sequence[str], reference: Sequence[str]) -> set[int]:
    """The indices of the reference's words that the hypothesis has at their place: in order, between the same others.

    The longest run of words that both share is found, then the longest ones left and right of it, and so on (Ratcliff
    and Obershelp 1988, `difflib`): a word too many or too few shifts those behind it and spoils none of them.
    """
    blocks = SequenceMatcher(None, hypothesis, reference, autojunk=False).get_matching_blocks()
    return {block.b + offset for block in blocks for offset in range(block.size)}
