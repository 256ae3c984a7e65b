"""What is read off a trained model's attention weights: alignments, entropy, and maps of chosen sentences."""

from collections.abc import Iterable, Sequence

import numpy as np

from attnbench import data
from attnbench.data import Split, Vocabulary
from attnbench.decoding import ForcedAligner
from attnbench.records import AttentionMap
from attnbench.records.sentences import ALIGNED
from attnbench.scoring import alignment
from attnbench.scoring.bleu import Columns
from attnbench.special_tokens import EOS, SPECIAL_TOKENS

LONGEST_MAP = 30

Vocabularies = tuple[Vocabulary, Vocabulary]
"""Of the source and of the target."""


def align(
    aligner: ForcedAligner, batches: Iterable[data.Batch], split: Split, vocabularies: Vocabularies
) -> tuple[Columns, float]:
    """The columns of alignments.csv for the pairs of a split with gold links, and the mean entropy of weights in bits.

    There are no columns where each sentence has the same weights at all of its target positions: these align nothing.
    """
    counts = np.zeros((len(split), len(ALIGNED)), np.int64)
    counts[:, 0] = split.source.lengths
    entropies, constant = [], True
    for batch in batches:
        for row, weights in zip(batch.rows, aligner.batch(batch.source, batch.target), strict=True):
            if row >= 0:
                links = link_words(weights, (split.source[row], split.target[row]), vocabularies)
                counts[row, 1:] = alignment.agreement(links, (split.text.links or [])[row])
                entropies.append(alignment.entropy(weights))
                constant = constant and bool((weights == weights[:1]).all())
    columns = {} if constant else dict(zip(ALIGNED, counts.T, strict=True))
    return columns, float(np.mean(np.concatenate(entropies)))


def link_words(weights: np.ndarray, pair: Sequence[Iterable[int]], vocabularies: Vocabularies) -> set[alignment.Link]:
    """Each target word's source word under the weights `(target, source + 1)` of a pair; none is linked to EOS."""
    words = (vocabulary.words(ids) for vocabulary, ids in zip(vocabularies, pair, strict=True))
    return alignment.link_words(weights[:, :-1], *words)


def pair_weights(aligner: ForcedAligner, source: Sequence[int], target: Sequence[int]) -> np.ndarray:
    """The attention weights `(target, source + 1)` of one pair, given as ids without EOS; the last is that on EOS."""
    (weights,) = aligner.batch(*(np.array([[*ids, EOS]], np.int32) for ids in (source, target)))
    return weights


def maps(
    aligner: ForcedAligner, split: Split, hypotheses: Sequence[np.ndarray], vocabularies: Vocabularies, count: int
) -> list[AttentionMap]:
    """Weights under the model's own hypotheses for sentences spread over the lengths that a page can show."""
    candidates = np.flatnonzero(split.source.lengths <= LONGEST_MAP)
    ranked = candidates[np.argsort(split.source.lengths[candidates], kind="stable")]
    evenly = (np.arange(count) + 1) * len(ranked) // (count + 1)
    found = []
    for row in dict.fromkeys(ranked[evenly].tolist() if len(ranked) else []):
        source, target = split.source[row].tolist(), hypotheses[row].tolist()
        found.append(
            AttentionMap(
                sentence=row,
                source=[*vocabularies[0].pieces(source), SPECIAL_TOKENS[EOS]],
                target=vocabularies[1].pieces(target),
                weights=[[round(float(x), 4) for x in line] for line in pair_weights(aligner, source, target)],
            )
        )
    return found
