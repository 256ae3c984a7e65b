"""From a configuration to a data set ready for training; the table of loaders is at the end."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import sentencepiece

from attnbench.checks import check_choice
from attnbench.config import DataConfig, SubwordConfig
from attnbench.data import cache, files, hansards, iwslt15, multi30k
from attnbench.data.corpus import Corpus, Dataset, Pairs, Sentences, Split
from attnbench.data.generated import Generated
from attnbench.data.grammar import Grammar, GrammarOptions
from attnbench.data.parallel import ParallelText
from attnbench.data.symbols import SymbolOptions, Symbols
from attnbench.data.vocabulary import Subwords, Vocabulary, Words, train_subwords

_ENCODING_VERSION = 1

_SIDES = ("source", "target")
_SPLITS = ("train", "valid", "test", "alignment")


class Loader(Protocol):
    """What a data set provides."""

    def check(self, config: DataConfig, *, sequence_length: int | None = None) -> None:
        """Raises ValueError for everything that a user can be told of before work."""

    def digests(self, config: DataConfig) -> dict[str, str]:
        """What identifies the text, by role."""

    def read(self, config: DataConfig, *, sequence_length: int) -> Corpus:
        """The text."""


def check(config: DataConfig, *, sequence_length: int | None = None) -> None:
    """Raises ValueError for every fault that can be told before work; fetches files that are not at hand."""
    _loader(config).check(config, sequence_length=sequence_length)


def digests(config: DataConfig) -> dict[str, str]:
    """sha256 of the text of every file by role, or of what decides a generated text."""
    return _loader(config).digests(config)


def load(config: DataConfig, *, sequence_length: int) -> Dataset:
    """Reads or makes the text, turns it into ids, and limits the training side.

    Subwords are trained on the whole training side, before the limit, so that every limit has the same pieces.

    Args:
        config: the data set.
        sequence_length: the longest source and target, in tokens without the end mark, that training uses.

    Raises:
        ValueError: for what `check` tells, subwords that cannot be made, a limit that leaves no training pair.
    """
    corpus = _lowered(_loader(config).read(config, sequence_length=sequence_length), config.lowercase)
    source_vocabulary, target_vocabulary = _vocabularies(corpus, config)
    encoded = _encoded(corpus, source_vocabulary, target_vocabulary, config)
    splits = {name: _split(getattr(corpus, name), encoded[name]) for name in encoded}
    train, left_out_pairs = _limited(splits["train"], sequence_length)
    return Dataset(
        train=_capped(train, config),
        valid=splits["valid"],
        test=splits["test"],
        alignment=splits.get("alignment"),
        source_vocabulary=source_vocabulary,
        target_vocabulary=target_vocabulary,
        left_out_pairs=left_out_pairs,
        skipped_pairs=corpus.skipped_pairs,
    )


def _loader(config: DataConfig) -> Loader:
    check_choice("data.loader", config.loader, LOADERS)
    return LOADERS[config.loader]


def _lowered(corpus: Corpus, lowercase: bool) -> Corpus:
    if not lowercase:
        return corpus
    alignment = None if corpus.alignment is None else _lowered_pairs(corpus.alignment)
    train, valid, test = (_lowered_pairs(pairs) for pairs in (corpus.train, corpus.valid, corpus.test))
    return replace(corpus, train=train, valid=valid, test=test, alignment=alignment)


def _lowered_pairs(pairs: Pairs) -> Pairs:
    return Pairs([line.lower() for line in pairs.source], [line.lower() for line in pairs.target], pairs.links)


def _named(corpus: Corpus) -> dict[str, Pairs]:
    return {name: pairs for name in _SPLITS if (pairs := getattr(corpus, name)) is not None}


def _vocabularies(corpus: Corpus, config: DataConfig) -> tuple[Vocabulary, Vocabulary]:
    if corpus.words is not None:
        return Words(corpus.words[0]), Words(corpus.words[1])
    if config.subwords.joint:
        both = _vocabulary([*corpus.train.source, *corpus.train.target], "joint", corpus, config)
        return both, both
    source, target = (_vocabulary(getattr(corpus.train, side), side, corpus, config) for side in _SIDES)
    return source, target


def _vocabulary(lines: list[str], side: str, corpus: Corpus, config: DataConfig) -> Vocabulary:
    subwords = config.subwords
    if subwords.kind == "words":
        return Words.of_text(lines, subwords.size)
    path = cache.folder(config) / "subwords" / f"{_key(corpus, config, side)}.npz"
    kept = cache.read_arrays(path)
    if kept is None:
        model = train_subwords(lines, size=subwords.size, model=subwords.model)
        kept = {"model": np.frombuffer(model, np.uint8)}
        cache.write_arrays(path, kept)
    return Subwords(kept["model"].tobytes())


def _key(corpus: Corpus, config: DataConfig, part: str) -> str:
    subwords: SubwordConfig = config.subwords
    facts = [_ENCODING_VERSION, sentencepiece.__version__, corpus.identity, config.lowercase, vars(subwords), part]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _encoded(
    corpus: Corpus, source: Vocabulary, target: Vocabulary, config: DataConfig
) -> dict[str, tuple[Sentences, Sentences]]:
    named = _named(corpus)
    if corpus.identity is None:
        return {name: (_encode(pairs.source, source), _encode(pairs.target, target)) for name, pairs in named.items()}
    path: Path = cache.folder(config) / "encoded" / f"{_key(corpus, config, 'encoded')}.npz"
    arrays = cache.read_arrays(path)
    if arrays is None:
        arrays = {}
        for name, pairs in named.items():
            for side, vocabulary in (("source", source), ("target", target)):
                sentences = _encode(getattr(pairs, side), vocabulary)
                arrays[f"{name}_{side}_tokens"] = sentences.tokens
                arrays[f"{name}_{side}_offsets"] = sentences.offsets
        cache.write_arrays(path, arrays)
    return {name: (_from_arrays(arrays, name, "source"), _from_arrays(arrays, name, "target")) for name in named}


def _from_arrays(arrays: Mapping[str, np.ndarray], name: str, side: str) -> Sentences:
    return Sentences(arrays[f"{name}_{side}_tokens"], arrays[f"{name}_{side}_offsets"])


def _encode(lines: list[str], vocabulary: Vocabulary) -> Sentences:
    return Sentences.of(map(vocabulary.encode, lines))


def _split(pairs: Pairs, encoded: tuple[Sentences, Sentences]) -> Split:
    return Split(*encoded, pairs.source, pairs.target, pairs.links)


def _limited(train: Split, sequence_length: int) -> tuple[Split, int]:
    longer = np.maximum(train.source.lengths, train.target.lengths)
    kept = np.flatnonzero(longer <= sequence_length)
    if not len(kept):
        raise ValueError(
            f"sequence_length={sequence_length} leaves no training pair: the shortest has {longer.min()} tokens on its "
            f"longer side. Use sequence_length={longer.min()} or more."
        )
    return (train if len(kept) == len(train) else train.take(kept)), len(train) - len(kept)


def _capped(train: Split, config: DataConfig) -> Split:
    """At most `data.match_pairs` pairs, drawn by `data.seed`, in the order of the corpus."""
    if config.match_pairs is None or config.match_pairs >= len(train):
        return train
    generator = np.random.Generator(np.random.Philox(config.seed))
    return train.take(np.sort(generator.permutation(len(train))[: config.match_pairs]))


LOADERS: dict[str, Loader] = {
    "grammar": Generated(GrammarOptions, Grammar),
    "symbols": Generated(SymbolOptions, Symbols),
    "multi30k": ParallelText(multi30k.paths),
    "iwslt15": ParallelText(iwslt15.paths),
    "hansards": ParallelText(hansards.paths),
    "files": ParallelText(files.paths),
}
