"""The forms that parallel text takes: as text, and as ids ready for a model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from attnbench.data.vocabulary import Vocabulary


@dataclass(frozen=True)
class Links:
    """Gold word alignment of one pair: (source word, target word) indices from 0; `possible` includes `sure`."""

    sure: frozenset[tuple[int, int]]
    possible: frozenset[tuple[int, int]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "possible", self.possible | self.sure)


Phenomena = tuple[tuple[str, tuple[int, ...]], ...]
"""What one pair shows: the name of a phenomenon and the indices of the target words that show it, for each instance."""


@dataclass(frozen=True)
class Pairs:
    """Parallel text: line i of `target` translates line i of `source`.

    Attributes:
        source, target: the lines.
        links: where gold alignments are known.
        phenomena: of held-out text that is generated, where each source has one right translation; None elsewhere.
    """

    source: list[str]
    target: list[str]
    links: list[Links] | None = None
    phenomena: list[Phenomena] | None = None

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: Iterable[int]) -> "Pairs":
        """The pairs at `rows`, in that order."""
        rows = list(rows)
        return Pairs(
            [self.source[row] for row in rows],
            [self.target[row] for row in rows],
            None if self.links is None else [self.links[row] for row in rows],
            None if self.phenomena is None else [self.phenomena[row] for row in rows],
        )

    def lowercased(self) -> "Pairs":
        """The same pairs in lower case."""
        return replace(
            self, source=[line.lower() for line in self.source], target=[line.lower() for line in self.target]
        )


@dataclass(frozen=True)
class Corpus:
    """A data set as text, before it becomes ids.

    Attributes:
        splits: `train`, `valid` and `test`, and where there are gold links the pairs that have them, `alignment`.
        words: every source and every target word, where they are known without the text.
        skipped_pairs: pairs skipped because a side is empty, over all splits.
    """

    splits: dict[str, Pairs]
    words: tuple[list[str], list[str]] | None = None
    skipped_pairs: int = 0


class Sentences:
    """Sentences of different lengths as ids, one after another: sentence i is `tokens[offsets[i]:offsets[i + 1]]`.

    `tokens` are int32 `(total,)`, `offsets` int64 `(sentences + 1,)`.
    """

    def __init__(self, tokens: np.ndarray, offsets: np.ndarray) -> None:
        self.tokens = np.asarray(tokens, dtype=np.int32)
        self.offsets = np.asarray(offsets, dtype=np.int64)

    @classmethod
    def of(cls, sentences: Iterable[Sequence[int]]) -> "Sentences":
        """Joins lists of ids."""
        sentences = list(sentences)
        offsets = np.cumsum([0, *map(len, sentences)], dtype=np.int64)
        tokens = np.fromiter((token for sentence in sentences for token in sentence), np.int32, int(offsets[-1]))
        return cls(tokens, offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        return self.tokens[self.offsets[:-1][row] : self.offsets[1:][row]]

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each sentence, int64 `(sentences,)`."""
        return np.diff(self.offsets)

    def take(self, rows: np.ndarray) -> "Sentences":
        """The sentences at `rows`, in that order."""
        lengths = self.lengths[rows]  # (rows,)
        offsets = np.concatenate(([0], np.cumsum(lengths)))  # (rows + 1,)
        # Token k of the result is token k of the old array, moved by how far its sentence has moved.
        shifts = np.repeat(self.offsets[rows] - offsets[:-1], lengths)  # (rows,) -> (tokens,)
        return Sentences(self.tokens[np.arange(offsets[-1]) + shifts], offsets)


@dataclass(frozen=True)
class Split:
    """One part of a data set: as ids without BOS and EOS, and as the corpus has it."""

    source: Sentences
    target: Sentences
    text: Pairs

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: np.ndarray) -> "Split":
        """The pairs at `rows`, in that order."""
        return Split(self.source.take(rows), self.target.take(rows), self.text.take(rows.tolist()))


@dataclass(frozen=True)
class Dataset:
    """A data set ready for training under one `sequence_length`.

    Attributes:
        train: at most `sequence_length` tokens on either side.
        valid, test: all sentences, none cut.
        alignment: the pairs with gold links, or None; may be `test`.
        left_out_pairs: training pairs longer than `sequence_length`.
        skipped_pairs: pairs with an empty side, over all splits.
    """

    train: Split
    valid: Split
    test: Split
    alignment: Split | None
    source_vocabulary: Vocabulary
    target_vocabulary: Vocabulary
    left_out_pairs: int
    skipped_pairs: int
