"""Batches in a fixed table of shapes, chosen once per data set so that little of a batch is padding.

Every pair belongs to one shape for good. Each epoch shuffles the pairs within their shape and cuts them into batches; a
shape's remainder moves to a larger shape where that costs less than a batch with empty rows; the batches are shuffled.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from attnbench.data.corpus import Sentences, Split
from attnbench.data.shapes import SOURCE_COST, Cell, choose_cells, choose_lengths
from attnbench.special_tokens import EOS, PAD


@dataclass(frozen=True)
class Batch:
    """Ids end with EOS and are filled up with PAD; a row of -1 in `rows` is padding throughout.

    Attributes:
        source: int32 `(sentences, source)`.
        target: int32 `(sentences, target)`.
        rows: int64 `(sentences,)`, the places in the split.
    """

    source: np.ndarray
    target: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class SourceBatch:
    """The source side of a `Batch`, for decoding: int32 `(sentences, source)`, and rows int64 `(sentences,)`."""

    source: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class _Bucket:
    """The rows that one shape holds of its own, and its (source, target, sentences), end marks included."""

    rows: np.ndarray
    source: int
    target: int
    sentences: int


@dataclass(frozen=True)
class _Schedule:
    """How many batches of each bucket an epoch has, and which bucket takes each remainder (-1: none is left)."""

    batches: tuple[int, ...]
    heirs: tuple[int, ...]


class BatchPlan:
    """How a split is cut into batches: the same shapes and the same number of batches of each in every epoch."""

    def __init__(self, split: Split, buckets: Sequence[_Bucket]) -> None:
        self._split = split
        self._buckets = tuple(buckets)
        self._schedule = _schedule(self._buckets)

    @property
    def shapes(self) -> tuple[tuple[int, int, int], ...]:
        """(source, target, sentences) of every batch that can come, end marks included; the longest target last."""
        used = zip(self._buckets, self._schedule.batches, strict=True)
        return tuple((bucket.source, bucket.target, bucket.sentences) for bucket, batches in used if batches)

    @property
    def padding_fraction(self) -> float:
        """Padded ÷ all target positions of an epoch; empty rows are padding too."""
        used = zip(self._buckets, self._schedule.batches, strict=True)
        positions = sum(batches * bucket.sentences * bucket.target for bucket, batches in used)
        return 1 - (len(self._split.target.tokens) + len(self._split.target)) / positions

    def epoch(self, *, seed: int, epoch: int) -> Sequence[Batch]:
        """The batches of one epoch, made when they are asked for; each pair comes exactly once.

        The order depends on `seed` and `epoch` alone.
        """
        digest = hashlib.sha256(f"batches/{seed}/{epoch}".encode()).digest()
        generator = np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
        placed: list[tuple[int, np.ndarray]] = []
        waiting = [[bucket.rows] for bucket in self._buckets]
        for number, bucket in enumerate(self._buckets):
            rows = generator.permutation(np.concatenate(waiting[number]))
            batches = self._schedule.batches[number]
            heir = self._schedule.heirs[number]
            if heir >= 0:
                waiting[heir].append(rows[batches * bucket.sentences :])
            for start in range(0, batches * bucket.sentences, bucket.sentences):
                placed.append((number, rows[start : start + bucket.sentences]))
        return _Epoch(self._split, self._buckets, [placed[place] for place in generator.permutation(len(placed))])


class _Epoch(Sequence[Batch]):
    def __init__(self, split: Split, buckets: Sequence[_Bucket], placed: list[tuple[int, np.ndarray]]) -> None:
        self._split = split
        self._buckets = buckets
        self._placed = placed

    def __len__(self) -> int:
        return len(self._placed)

    @overload
    def __getitem__(self, place: int) -> Batch: ...

    @overload
    def __getitem__(self, place: slice) -> list[Batch]: ...

    def __getitem__(self, place: int | slice) -> Batch | list[Batch]:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        number, rows = self._placed[place]
        bucket = self._buckets[number]
        rows = _fill(rows, bucket.sentences)
        source = _pad(self._split.source, rows, bucket.source)
        return Batch(source, _pad(self._split.target, rows, bucket.target), rows)


def plan_batches(split: Split, *, batch_size: int, batch_by: str, maximum_shapes: int = 32) -> BatchPlan:
    """Chooses the table of shapes for `split`.

    Args:
        split: the pairs.
        batch_size: sentences of a batch, or with `batch_by="tokens"` its target positions, end marks and padding
            included.
        batch_by: `sentences` or `tokens`.
        maximum_shapes: the table's largest size; it stays smaller where a further shape saves next to nothing.

    Raises:
        ValueError: `batch_by` is unknown, or a batch of `batch_size` tokens cannot hold the longest target.
    """
    if batch_by not in ("sentences", "tokens"):
        raise ValueError(f"Unknown batch_by {batch_by!r}. Known: sentences, tokens.")
    source, target = split.source.lengths + 1, split.target.lengths + 1
    if batch_by == "tokens" and batch_size < target.max():
        raise ValueError(
            f"training.batch_size={batch_size} tokens cannot hold the longest target, {target.max()} tokens with its "
            f"end mark. Use training.batch_size={target.max()} or more, or a smaller sequence_length."
        )
    cells = choose_cells(source, target, maximum_shapes)
    return BatchPlan(split, [_bucket(cell, source, target, batch_size, batch_by) for cell in cells])


def source_batches(sentences: Sentences, *, batch_size: int, maximum_shapes: int = 16) -> list[SourceBatch]:
    """All sentences once, sorted by length, in batches of `batch_size` and at most `maximum_shapes` source lengths.

    Only the first batch, the one of the shortest sentences, may have rows of padding.
    """
    size = min(batch_size, len(sentences))
    lengths = sentences.lengths + 1
    order = np.argsort(lengths, kind="stable")
    order = np.concatenate((np.full(-len(order) % size, -1), order))
    groups = order.reshape(-1, size)
    longest = lengths[groups[:, -1]]
    widths = choose_lengths(longest, maximum_shapes)
    padded = widths[np.searchsorted(widths, longest)]
    return [SourceBatch(_pad(sentences, rows, int(width)), rows) for rows, width in zip(groups, padded, strict=True)]


def _bucket(cell: Cell, source: np.ndarray, target: np.ndarray, batch_size: int, batch_by: str) -> _Bucket:
    longest = int(target[cell].max())
    sentences = batch_size if batch_by == "sentences" else batch_size // longest
    return _Bucket(cell, int(source[cell].max()), longest, min(sentences, len(source)))


def _schedule(buckets: Sequence[_Bucket]) -> _Schedule:
    counts = [len(bucket.rows) for bucket in buckets]
    batches, heirs = [], []
    for number, bucket in enumerate(buckets):
        full, remainder = divmod(counts[number], bucket.sentences)
        heir = _heir(buckets, number, remainder) if remainder else -1
        if heir >= 0:
            counts[heir] += remainder
        batches.append(full + (remainder > 0 and heir < 0))
        heirs.append(heir)
    return _Schedule(tuple(batches), tuple(heirs))


def _heir(buckets: Sequence[_Bucket], number: int, remainder: int) -> int:
    """The later bucket that takes `remainder` rows at least cost, or -1 where a batch with empty rows costs less."""
    bucket = buckets[number]
    costs = {-1: (bucket.sentences - remainder) * (bucket.target + SOURCE_COST * bucket.source)}
    for later in range(number + 1, len(buckets)):
        wider, taller = buckets[later].source - bucket.source, buckets[later].target - bucket.target
        if wider >= 0 and taller >= 0:
            costs[later] = remainder * (taller + SOURCE_COST * wider)
    return min(costs, key=costs.__getitem__)


def _fill(rows: np.ndarray, sentences: int) -> np.ndarray:
    return np.concatenate((rows, np.full(sentences - len(rows), -1, rows.dtype)))


def _pad(sentences: Sentences, rows: np.ndarray, width: int) -> np.ndarray:
    """Ids of the sentences at `rows`, EOS after each, PAD after that; int32 `(rows, width)`."""
    lengths = np.where(rows < 0, -1, sentences.lengths[rows])[:, None]
    places = np.arange(width)[None, :]
    starts = sentences.offsets[rows][:, None]
    inside = places < lengths
    ids = sentences.tokens[np.where(inside, starts + places, 0)]
    return np.where(inside, ids, np.where(places == lengths, EOS, PAD)).astype(np.int32)
