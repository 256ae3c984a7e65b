"""BLEU of a test set redrawn at random: sentences drawn with replacement, or swapped between two systems.

Only sums of per-sentence statistics matter, so a chunk of draws is one matrix product of how often each draw takes each
sentence with the statistics of the sentences.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from attnbench.scoring.bleu import Statistics, corpus_bleu

_CHUNK_ELEMENTS = 2**20
"""Draws x sentences that are held at once: 8 MiB."""


def bootstrap_bleu(statistics: Statistics, *, generator: np.random.Generator, draws: int) -> npt.NDArray[np.float64]:
    """Corpus BLEU of `draws` samples of the sentences, drawn with replacement, as many as there are.

    Every leading index of `statistics` `(..., sentences, 10)` is scored on the same samples; float64 `(..., draws)`.
    """
    sentences = statistics.shape[-2]
    scores = []
    for size in _chunks(draws, sentences):
        drawn = generator.integers(sentences, size=(size, sentences)) + sentences * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * sentences).reshape(size, sentences)
        scores.append(corpus_bleu(counts.astype(np.float64) @ statistics))
    return np.concatenate(scores, axis=-1)


def swapped_differences(
    first: Statistics, second: Statistics, *, generator: np.random.Generator, draws: int
) -> npt.NDArray[np.float64]:
    """Mean over seeds of the corpus-BLEU difference after swapping a random half of the sentences within each seed.

    For each draw, seed and sentence `generator` decides whether the two systems, of statistics
    `(seeds, sentences, 10)`, swap their translations; float64 `(draws,)`.
    """
    differences = []
    for size in _chunks(draws, first.shape[1]):
        difference = np.zeros(size)
        for one, other in zip(first, second, strict=True):
            swapped = generator.integers(2, size=(size, len(one)), dtype=np.uint8).astype(np.float64)
            moved = swapped @ (other - one)
            difference += corpus_bleu(one.sum(axis=0) + moved) - corpus_bleu(other.sum(axis=0) - moved)
        differences.append(difference / len(first))
    return np.concatenate(differences)


def _chunks(draws: int, sentences: int) -> Iterator[int]:
    """Sizes that sum to `draws`, each small enough to hold at once."""
    size = max(1, _CHUNK_ELEMENTS // sentences)
    for start in range(0, draws, size):
        yield min(size, draws - start)
