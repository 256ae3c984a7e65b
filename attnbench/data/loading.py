"""From a configuration to a data set ready for training."""

import numpy as np

from attnbench.config import DataConfig
from attnbench.data.corpus import Dataset, Sentences, Split
from attnbench.data.encoding import Encoder
from attnbench.data.sets import Loader, find_loader


def check(config: DataConfig, *, sequence_length: int | None = None) -> None:
    """Raises ValueError for every fault that can be found before training; downloads files that are missing.

    With `sequence_length`, also for subwords that cannot be made, and for a limit that leaves no training pair: text
    that is read is then encoded, unless the cache holds its ids.
    """
    loader = find_loader(config.loader)
    loader.check(config, sequence_length=sequence_length)
    if sequence_length is None or not loader.cacheable:
        return
    sides = _encoder(loader, config).cached_training_pairs()
    if sides is None:
        load(config, sequence_length=sequence_length)
    else:
        _rows_within(*sides, sequence_length)


def digests(config: DataConfig) -> dict[str, str]:
    """sha256 of the text of every file by role, or of what decides a generated text."""
    return find_loader(config.loader).digests(config)


def load(config: DataConfig, *, sequence_length: int) -> Dataset:
    """Reads or generates the text, encodes it, and limits the training pairs.

    Subwords are trained on all training pairs, before the limit, so that every limit has the same pieces.

    Args:
        config: the data set.
        sequence_length: the longest source and target, in tokens without EOS, that training uses.

    Raises:
        ValueError: as `check`.
    """
    loader = find_loader(config.loader)
    corpus = loader.read(config, sequence_length=sequence_length)
    if config.lowercase:
        corpus = corpus.lowercased()
    encoder = _encoder(loader, config)
    source_vocabulary, target_vocabulary = encoder.vocabularies(corpus)
    splits = encoder.splits(corpus, source_vocabulary, target_vocabulary)
    train = splits["train"]
    rows = _rows_within(train.source, train.target, sequence_length)
    return Dataset(
        train=_capped(train if len(rows) == len(train) else train.take(rows), config),
        valid=splits["valid"],
        test=splits["test"],
        alignment=splits.get("alignment"),
        source_vocabulary=source_vocabulary,
        target_vocabulary=target_vocabulary,
        left_out_pairs=len(train) - len(rows),
        skipped_pairs=corpus.skipped_pairs,
    )


def _encoder(loader: Loader, config: DataConfig) -> Encoder:
    return Encoder(config, loader.digests(config) if loader.cacheable else None)


def _rows_within(source: Sentences, target: Sentences, sequence_length: int) -> np.ndarray:
    """The rows of at most `sequence_length` tokens on either side; raises ValueError where there is none."""
    longer = np.maximum(source.lengths, target.lengths)
    rows = np.flatnonzero(longer <= sequence_length)
    if not len(rows):
        raise ValueError(
            f"sequence_length={sequence_length} leaves no training pair: the shortest has {longer.min()} tokens on its "
            f"longer side. Use sequence_length={longer.min()} or more."
        )
    return rows


def _capped(train: Split, config: DataConfig) -> Split:
    """At most `data.match_pairs` pairs, drawn by `data.seed`, in the order of the corpus."""
    if config.match_pairs is None or config.match_pairs >= len(train):
        return train
    generator = np.random.Generator(np.random.Philox(config.seed))
    return train.take(np.sort(generator.permutation(len(train))[: config.match_pairs]))
