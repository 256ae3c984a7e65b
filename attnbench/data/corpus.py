"""The forms that parallel text takes: as text, and as ids ready for a model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from attnbench.data.vocabulary import Vocabulary


@dataclass(frozen=True)
class Links:
    """Gold word alignment of one pair: (source word, target word) indices from 0; `possible` includes `sure`."""

    sure: frozenset[tuple[int, int]]
    possible: frozenset[tuple[int, int]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "possible", self.possible | self.sure)

    def transposed(self) -> "Links":
        """The same links seen from the other language."""
        return Links(frozenset((j, i) for i, j in self.sure), frozenset((j, i) for i, j in self.possible))


@dataclass(frozen=True)
class Pairs:
    """Parallel text: line i of `target` translates line i of `source`; `links` where gold alignments are known."""

    source: list[str]
    target: list[str]
    links: list[Links] | None = None

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: Iterable[int]) -> "Pairs":
        """The pairs at `rows`, in that order."""
        rows = list(rows)
        return Pairs(
            [self.source[row] for row in rows],
            [self.target[row] for row in rows],
            None if self.links is None else [self.links[row] for row in rows],
        )


@dataclass(frozen=True)
class Corpus:
    """A data set as text, before it becomes ids.

    Attributes:
        train, valid, test: the splits.
        alignment: the pairs with gold links, where there are any; may be `test`.
        words: every source and every target word of a language that is known whole, such as a generated one.
        skipped_pairs: pairs left out because a side is empty, over all splits.
    """

    train: Pairs
    valid: Pairs
    test: Pairs
    alignment: Pairs | None
    words: tuple[list[str], list[str]] | None
    skipped_pairs: int


class Sentences:
    """Sentences of different lengths as ids, one after another: sentence i is `tokens[offsets[i]:offsets[i + 1]]`.

    Attributes:
        tokens: int32 `(total,)`.
        offsets: int64 `(sentences + 1,)`.
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
        if not -len(self) <= row < len(self):
            raise IndexError(f"Sentence {row} of {len(self)}.")
        row %= len(self)
        return self.tokens[self.offsets[row] : self.offsets[row + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each sentence, int64 `(sentences,)`."""
        return np.diff(self.offsets)

    def take(self, rows: np.ndarray) -> "Sentences":
        """The sentences at `rows`, in that order."""
        lengths = self.lengths[rows]
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        positions = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - self.offsets[rows], lengths)
        return Sentences(self.tokens[positions], offsets)


@dataclass(frozen=True)
class Split:
    """One part of a data set; ids are without begin and end marks, texts as the corpus has them."""

    source: Sentences
    target: Sentences
    source_text: list[str]
    target_text: list[str]
    links: list[Links] | None

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: np.ndarray) -> "Split":
        """The pairs at `rows`, in that order."""
        texts = Pairs(self.source_text, self.target_text, self.links).take(rows.tolist())
        return Split(self.source.take(rows), self.target.take(rows), texts.source, texts.target, texts.links)


@dataclass(frozen=True)
class Dataset:
    """A data set ready for training under one `sequence_length`.

    Attributes:
        train: at most `sequence_length` tokens on either side.
        valid, test: whole: no sentence is left out or cut.
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
