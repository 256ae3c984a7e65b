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
from attnbench.data import cache
from attnbench.data.corpus import Corpus, Dataset, Pairs, Sentences, Split
from attnbench.data.generated import Generated
from attnbench.data.parallel import ParallelText
from attnbench.data.sets import files, hansards, iwslt15, multi30k
from attnbench.data.sets.grammar import Grammar, GrammarOptions
from attnbench.data.sets.symbols import SymbolOptions, Symbols
from attnbench.data.vocabulary import Subwords, Vocabulary, Words, train_subwords
from attnbench.special_tokens import SPECIAL_TOKENS

_ENCODING_VERSION = 1

_SIDES = ("source", "target")
_SPLITS = ("train", "valid", "test", "alignment")


class Loader(Protocol):
    """What a data set provides."""

    def check(self, config: DataConfig, *, sequence_length: int | None = None) -> None:
        """Raises ValueError for everything that a user can be told of before work."""

    def digests(self, config: DataConfig) -> dict[str, str]:
        """What identifies the text, by role."""

    def identity(self, config: DataConfig) -> str | None:
        """What identifies the text, for the cache; None where making it again is as fast."""

    def read(self, config: DataConfig, *, sequence_length: int) -> Corpus:
        """The text."""


def check(config: DataConfig, *, sequence_length: int | None = None) -> None:
    """Raises ValueError for every fault that can be told before training; fetches files that are not at hand.

    With `sequence_length`, also for subwords that cannot be made, and for a limit that leaves no training pair: text
    that is read is then encoded, unless the cache holds it so.
    """
    loader = _loader(config)
    loader.check(config, sequence_length=sequence_length)
    identity = loader.identity(config)
    if sequence_length is None or identity is None:
        return
    arrays = cache.read_arrays(_encoded_path(config, identity))
    if arrays is None:
        load(config, sequence_length=sequence_length)
    else:
        _within(*(_from_arrays(arrays, "train", side) for side in _SIDES), sequence_length=sequence_length)


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
        ValueError: for what `check` tells.
    """
    loader = _loader(config)
    corpus = _lowered(loader.read(config, sequence_length=sequence_length), config.lowercase)
    identity = loader.identity(config)
    source_vocabulary, target_vocabulary = _vocabularies(corpus, config, identity)
    encoded = _encoded(corpus, source_vocabulary, target_vocabulary, config, identity)
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


def _vocabularies(corpus: Corpus, config: DataConfig, identity: str | None) -> tuple[Vocabulary, Vocabulary]:
    if corpus.words is not None:
        return Words(corpus.words[0]), Words(corpus.words[1])
    if config.subwords.joint:
        both = _vocabulary([*corpus.train.source, *corpus.train.target], "joint", config, identity)
        return both, both
    source, target = (_vocabulary(getattr(corpus.train, side), side, config, identity) for side in _SIDES)
    return source, target


def _vocabulary(lines: list[str], side: str, config: DataConfig, identity: str | None) -> Vocabulary:
    subwords = config.subwords
    if subwords.size <= len(SPECIAL_TOKENS):
        raise ValueError(
            f"data.subwords.size={subwords.size} leaves no room beside the {len(SPECIAL_TOKENS)} marks. "
            f"Use data.subwords.size={len(SPECIAL_TOKENS) + 1} or more."
        )
    if subwords.kind == "words":
        return Words.of_text(lines, subwords.size)
    path = cache.folder(config) / "subwords" / f"{_key(config, identity, side)}.npz"
    kept = cache.read_arrays(path)
    if kept is None:
        model = train_subwords(lines, size=subwords.size, model=subwords.model)
        kept = {"model": np.frombuffer(model, np.uint8)}
        cache.write_arrays(path, kept)
    return Subwords(kept["model"].tobytes())


def _key(config: DataConfig, identity: str | None, part: str) -> str:
    subwords: SubwordConfig = config.subwords
    facts = [_ENCODING_VERSION, sentencepiece.__version__, identity, config.lowercase, vars(subwords), part]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _encoded_path(config: DataConfig, identity: str) -> Path:
    return cache.folder(config) / "encoded" / f"{_key(config, identity, 'encoded')}.npz"


def _encoded(
    corpus: Corpus, source: Vocabulary, target: Vocabulary, config: DataConfig, identity: str | None
) -> dict[str, tuple[Sentences, Sentences]]:
    named = _named(corpus)
    if identity is None:
        return {name: (_encode(pairs.source, source), _encode(pairs.target, target)) for name, pairs in named.items()}
    path = _encoded_path(config, identity)
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
    kept = _within(train.source, train.target, sequence_length=sequence_length)
    return (train if len(kept) == len(train) else train.take(kept)), len(train) - len(kept)


def _within(source: Sentences, target: Sentences, *, sequence_length: int) -> np.ndarray:
    """The rows of at most `sequence_length` tokens on either side; raises ValueError where there is none."""
    longer = np.maximum(source.lengths, target.lengths)
    kept = np.flatnonzero(longer <= sequence_length)
    if not len(kept):
        raise ValueError(
            f"sequence_length={sequence_length} leaves no training pair: the shortest has {longer.min()} tokens on its "
            f"longer side. Use sequence_length={longer.min()} or more."
        )
    return kept


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
