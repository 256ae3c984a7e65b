"""From a configuration to a data set ready for training; what is made from text files is kept in the cache."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import sentencepiece

from attnbench.config import DataConfig
from attnbench.data import cache
from attnbench.data.corpus import Corpus, Dataset, Sentences, Split
from attnbench.data.sets import Loader, find_loader
from attnbench.data.vocabulary import SizeError, Subwords, Vocabulary, Words, train_subwords
from attnbench.special_tokens import SPECIAL_TOKENS

_ENCODING_VERSION = 1

Arrays = Mapping[str, np.ndarray]


def check(config: DataConfig, *, sequence_length: int | None = None) -> None:
    """Raises ValueError for every fault that can be found before training; downloads files that are missing.

    With `sequence_length`, also for subwords that cannot be made, and for a limit that leaves no training pair: text
    that is read is then encoded, unless the cache holds its ids.
    """
    loader = find_loader(config.loader)
    loader.check(config, sequence_length=sequence_length)
    if sequence_length is None or not loader.cacheable:
        return
    arrays = cache.read_arrays(_Encoder(loader, config).path("encoded", "encoded"))
    if arrays is None:
        load(config, sequence_length=sequence_length)
    else:
        _rows_within(*_sides(arrays, "train"), sequence_length)


def digests(config: DataConfig) -> dict[str, str]:
    """sha256 of the text of every file by role, or of what decides a generated text."""
    return find_loader(config.loader).digests(config)


def load(config: DataConfig, *, sequence_length: int) -> Dataset:
    """Reads or generates the text, encodes it, and limits the training pairs.

    Subwords are trained on all training pairs, before the limit, so that every limit has the same pieces. The limit is
    the longest source and target, in tokens without EOS, that training uses.

    Raises:
        ValueError: as `check`.
    """
    loader = find_loader(config.loader)
    corpus = loader.read(config, sequence_length=sequence_length)
    if config.lowercase:
        corpus = replace(corpus, splits={name: pairs.lowercased() for name, pairs in corpus.splits.items()})
    encoder = _Encoder(loader, config)
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


class _Encoder:
    """Makes the vocabularies and ids of one data set, or finds them in the cache."""

    def __init__(self, loader: Loader, config: DataConfig) -> None:
        self._config = config
        self._text_digest = cache.digest(loader.digests(config)) if loader.cacheable else None

    def vocabularies(self, corpus: Corpus) -> tuple[Vocabulary, Vocabulary]:
        """The vocabularies of source and target; the same object twice where they are joint."""
        if corpus.words is not None:
            return Words(corpus.words[0]), Words(corpus.words[1])
        train = corpus.splits["train"]
        if self._config.subwords.joint:
            joint = self._vocabulary([*train.source, *train.target], "joint")
            return joint, joint
        return self._separate({"source": train.source, "target": train.target})

    def splits(self, corpus: Corpus, source: Vocabulary, target: Vocabulary) -> dict[str, Split]:
        """The splits of the corpus by name, as text and as ids."""
        arrays = self._cached("encoded", "encoded", lambda: _encode(corpus, source, target))
        return {name: Split(*_sides(arrays, name), pairs) for name, pairs in corpus.splits.items()}

    def path(self, kind: str, part: str) -> Path:
        """Where the cache holds that part."""
        config = self._config
        facts = [_ENCODING_VERSION, sentencepiece.__version__, self._text_digest, config.lowercase]
        return cache.folder(config) / kind / f"{cache.digest([*facts, vars(config.subwords), part])}.npz"

    def _separate(self, texts: Mapping[str, list[str]]) -> tuple[Vocabulary, Vocabulary]:
        """The vocabulary of each side; where one cannot be made, the advice suits both."""
        errors, vocabularies = [], []
        for side, lines in texts.items():
            try:
                vocabularies.append(self._vocabulary(lines, side))
            except SizeError as error:
                errors.append(error)
        if not errors:
            source, target = vocabularies
            return source, target
        first = max(errors, key=lambda error: abs(error.nearest - error.size))
        try:
            for lines in texts.values():
                train_subwords(lines, size=first.nearest, model=self._config.subwords.model)
        except SizeError as other:
            largest, smallest = sorted((first.nearest, other.nearest))
            raise ValueError(
                f"No data.subwords.size suits both sides: one gives at most {largest} pieces, the other needs "
                f"{smallest}. Use data.subwords.joint=true, or data.subwords.kind=words."
            ) from other
        raise first

    def _vocabulary(self, lines: list[str], side: str) -> Vocabulary:
        subwords = self._config.subwords
        if subwords.size <= len(SPECIAL_TOKENS):
            raise ValueError(
                f"data.subwords.size={subwords.size} has room only for the {len(SPECIAL_TOKENS)} special tokens. "
                f"Use data.subwords.size={len(SPECIAL_TOKENS) + 1} or more."
            )
        if subwords.kind == "words":
            return Words.of_text(lines, subwords.size)

        def train() -> Arrays:
            return {"model": np.frombuffer(train_subwords(lines, size=subwords.size, model=subwords.model), np.uint8)}

        return Subwords(self._cached("subwords", side, train)["model"].tobytes())

    def _cached(self, kind: str, part: str, make: Callable[[], Arrays]) -> Arrays:
        if self._text_digest is None:
            return make()
        path = self.path(kind, part)
        arrays: Arrays | None = cache.read_arrays(path)
        if arrays is None:
            arrays = make()
            cache.write_arrays(path, arrays)
        return arrays


def _encode(corpus: Corpus, source: Vocabulary, target: Vocabulary) -> Arrays:
    arrays: dict[str, np.ndarray] = {}
    for name, pairs in corpus.splits.items():
        for side, vocabulary, lines in (("source", source, pairs.source), ("target", target, pairs.target)):
            sentences = Sentences.of(map(vocabulary.encode, lines))
            arrays[f"{name}_{side}_tokens"] = sentences.tokens
            arrays[f"{name}_{side}_offsets"] = sentences.offsets
    return arrays


def _sides(arrays: Arrays, split: str) -> tuple[Sentences, Sentences]:
    source, target = (
        Sentences(arrays[f"{split}_{side}_tokens"], arrays[f"{split}_{side}_offsets"]) for side in ("source", "target")
    )
    return source, target


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
    """The pairs that `data.match_pairs` or `data.match_tokens` leaves, drawn by `data.seed`, in the corpus' order.

    Raises:
        ValueError: `data.match_tokens` is less than the first drawn pair has.
    """
    drawn = np.random.Generator(np.random.Philox(config.seed)).permutation(len(train))
    count = len(train) if config.match_pairs is None else config.match_pairs
    if config.match_tokens is not None:
        tokens = np.cumsum(train.target.lengths[drawn] + 1)
        count = int(np.searchsorted(tokens, config.match_tokens, "right"))
        if not count:
            raise ValueError(
                f"data.match_tokens={config.match_tokens} leaves no training pair: the first one drawn has {tokens[0]} "
                f"target tokens. Use data.match_tokens={tokens[0]} or more."
            )
    return train if count >= len(train) else train.take(np.sort(drawn[:count]))
