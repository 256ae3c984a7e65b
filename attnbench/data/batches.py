"""Batches in a fixed table of shapes, chosen once per data set so that little of a batch is padding.

Every pair belongs to the bucket of one shape. Each epoch shuffles the pairs of a bucket and cuts them into batches. The
pairs that do not fill a batch move to a bucket of a larger shape, the overflow bucket, where that costs less than a
batch with empty rows. Last, the batches are shuffled.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from attnbench.checks import check_choice
from attnbench.data.corpus import Sentences, Split
from attnbench.data.shapes import SOURCE_COST, choose_cells, choose_lengths
from attnbench.special_tokens import EOS, PAD


@dataclass(frozen=True)
class Batch:
    """Ids, int32 `(sentences, source)` and `(sentences, target)`, end with EOS and are filled up with PAD.

    `rows`, int64 `(sentences,)`, are the indices in the split; a row of -1 is padding throughout.
    """

    source: np.ndarray
    target: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class SourceBatch:
    """The source side of a `Batch`, for decoding: int32 `(sentences, source)`, and rows int64 `(sentences,)`."""

    source: np.ndarray
    rows: np.ndarray


class Shape(NamedTuple):
    """The shape of a batch: source and target positions, EOS included, and sentences."""

    source: int
    target: int
    sentences: int


@dataclass(frozen=True)
class _Bucket:
    """The pairs of one shape, `rows` int64 `(pairs,)` of the split, and how many batches they give every epoch.

    `overflow` is the index of its overflow bucket, or None.
    """

    rows: np.ndarray
    shape: Shape
    batches: int
    overflow: int | None


class BatchPlan:
    """How a split is cut into batches: the same shapes and the same number of batches of each in every epoch."""

    def __init__(self, split: Split, buckets: Sequence[_Bucket]) -> None:
        self._split = split
        self._buckets = buckets

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of every batch that can come; the longest target last."""
        return tuple(bucket.shape for bucket in self._buckets if bucket.batches)

    @property
    def padding_fraction(self) -> float:
        """Padded ÷ all target positions of an epoch; empty rows are padding too."""
        positions = sum(bucket.batches * bucket.shape.sentences * bucket.shape.target for bucket in self._buckets)
        return 1 - (len(self._split.target.tokens) + len(self._split.target)) / positions

    def epoch(self, *, seed: int, epoch: int) -> Sequence[Batch]:
        """The batches of one epoch, made when they are asked for; each pair comes exactly once.

        The order depends on `seed` and `epoch` alone.
        """
        digest = hashlib.sha256(f"batches/{seed}/{epoch}".encode()).digest()
        generator = np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
        parts = [[bucket.rows] for bucket in self._buckets]
        batches: list[tuple[Shape, np.ndarray]] = []
        # An overflow bucket has a higher index, so it is cut after it has received its rows.
        for bucket, own in zip(self._buckets, parts, strict=True):
            rows = generator.permutation(np.concatenate(own))
            size = bucket.shape.sentences
            end = bucket.batches * size
            if bucket.overflow is not None:
                parts[bucket.overflow].append(rows[end:])
            batches += [(bucket.shape, rows[start : start + size]) for start in range(0, end, size)]
        return _Epoch(self._split, [batches[index] for index in generator.permutation(len(batches))])


class _Epoch(Sequence[Batch]):
    def __init__(self, split: Split, batches: list[tuple[Shape, np.ndarray]]) -> None:
        self._split = split
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: Any) -> Any:  # `Sequence` says what an index and a slice give
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        shape, rows = self._batches[index]
        rows = np.concatenate((rows, np.full(shape.sentences - len(rows), -1, rows.dtype)))  # (sentences,)
        source = _padded(self._split.source, rows, shape.source)
        return Batch(source, _padded(self._split.target, rows, shape.target), rows)


def plan_batches(split: Split, *, batch_size: int, batch_by: str, maximum_shapes: int = 32) -> BatchPlan:
    """Chooses a table of at most `maximum_shapes` shapes for `split`; fewer where one more saves next to nothing.

    `batch_size` counts the `sentences` of a batch, or with `batch_by="tokens"` its target positions, EOS and padding
    included.

    Raises:
        ValueError: `batch_by` is unknown, or a batch of `batch_size` tokens cannot hold the longest target.
    """
    check_choice("training.batch_by", batch_by, ("sentences", "tokens"))
    source, target = split.source.lengths + 1, split.target.lengths + 1
    if batch_by == "tokens" and batch_size < target.max():
        raise ValueError(
            f"training.batch_size={batch_size} tokens cannot hold the longest target, {target.max()} tokens including "
            f"EOS. Use training.batch_size={target.max()} or more, or a smaller sequence_length."
        )
    cells = choose_cells(source, target, maximum_shapes)
    shapes = []
    for cell in cells:
        longest = int(target[cell].max())
        sentences = batch_size if batch_by == "sentences" else batch_size // longest
        shapes.append(Shape(int(source[cell].max()), longest, min(sentences, len(split))))
    pairs = [len(cell) for cell in cells]  # those of the overflow included
    buckets = []
    for number, (cell, shape) in enumerate(zip(cells, shapes, strict=True)):
        batches, remainder = divmod(pairs[number], shape.sentences)
        overflow = _overflow(shapes, number, remainder) if remainder else None
        if overflow is not None:
            pairs[overflow] += remainder
        elif remainder:
            batches += 1
        buckets.append(_Bucket(cell, shape, batches, overflow))
    return BatchPlan(split, buckets)


def source_batches(sentences: Sentences, *, batch_size: int, maximum_shapes: int = 16) -> list[SourceBatch]:
    """All sentences once, sorted by length, in batches of `batch_size` and at most `maximum_shapes` source lengths.

    Only the first batch, the one of the shortest sentences, may have rows of padding.
    """
    size = min(batch_size, len(sentences))
    lengths = sentences.lengths + 1
    order = np.argsort(lengths, kind="stable")
    order = np.concatenate((np.full(-len(order) % size, -1), order))
    groups = order.reshape(-1, size)  # (batches x size,) -> (batches, size)
    longest = lengths[groups[:, -1]]  # (batches,)
    widths = choose_lengths(longest, maximum_shapes)  # (at most maximum_shapes,)
    padded = widths[np.searchsorted(widths, longest)]  # (batches,)
    return [SourceBatch(_padded(sentences, rows, int(width)), rows) for rows, width in zip(groups, padded, strict=True)]


def _overflow(shapes: Sequence[Shape], number: int, remainder: int) -> int | None:
    """The later bucket that takes `remainder` rows at least cost, or None where a batch with empty rows costs less."""
    shape = shapes[number]
    empty_rows = shape.sentences - remainder
    costs: dict[int | None, float] = {None: empty_rows * (shape.target + SOURCE_COST * shape.source)}
    for later in range(number + 1, len(shapes)):
        wider, taller = shapes[later].source - shape.source, shapes[later].target - shape.target
        if wider >= 0 and taller >= 0:
            costs[later] = remainder * (taller + SOURCE_COST * wider)
    return min(costs, key=costs.__getitem__)


def _padded(sentences: Sentences, rows: np.ndarray, width: int) -> np.ndarray:
    """Ids of the sentences at `rows`, EOS after each, PAD after that; int32 `(rows, width)`."""
    lengths = np.where(rows < 0, -1, sentences.lengths[rows])[:, None]  # (rows,) -> (rows, 1); an empty row has no EOS
    positions = np.arange(width)[None, :]  # (1, width)
    starts = sentences.offsets[rows][:, None]  # (rows, 1)
    inside = positions < lengths  # (rows, width)
    ids = sentences.tokens[np.where(inside, starts + positions, 0)]
    return np.where(inside, ids, np.where(positions == lengths, EOS, PAD)).astype(np.int32)
