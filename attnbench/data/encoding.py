"""From text to ids: the vocabularies of a data set, and its encoded splits, both kept in the cache."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import sentencepiece

from attnbench.config import DataConfig
from attnbench.data import cache
from attnbench.data.corpus import Corpus, Sentences, Split
from attnbench.data.vocabulary import Subwords, Vocabulary, Words, train_subwords
from attnbench.special_tokens import SPECIAL_TOKENS

_ENCODING_VERSION = 1

Arrays = Mapping[str, np.ndarray]


class Encoder:
    """Encodes the text of one data set.

    Args:
        config: the data set.
        digests: what identifies the text, for the cache; None for text whose ids are not worth caching.
    """

    def __init__(self, config: DataConfig, digests: Mapping[str, str] | None) -> None:
        self._config = config
        self._text_digest = None if digests is None else cache.digest(dict(digests))

    def cached_training_pairs(self) -> tuple[Sentences, Sentences] | None:
        """Source and target of the training pairs, from the cache alone; None where they are not in it."""
        arrays = cache.read_arrays(self._path("encoded", "encoded"))
        return None if arrays is None else _sides(arrays, "train")

    def vocabularies(self, corpus: Corpus) -> tuple[Vocabulary, Vocabulary]:
        """The vocabularies of source and target; the same object twice where they are joint.

        Raises:
            ValueError: the training text cannot give as many subwords as `data.subwords.size` says.
        """
        if corpus.words is not None:
            return Words(corpus.words[0]), Words(corpus.words[1])
        train = corpus.splits["train"]
        if self._config.subwords.joint:
            joint = self._vocabulary([*train.source, *train.target], "joint")
            return joint, joint
        return self._vocabulary(train.source, "source"), self._vocabulary(train.target, "target")

    def splits(self, corpus: Corpus, source: Vocabulary, target: Vocabulary) -> dict[str, Split]:
        """The splits of the corpus by name, as text and as ids."""
        arrays = self._cached("encoded", "encoded", lambda: _encode(corpus, source, target))
        return {
            name: Split(*_sides(arrays, name), pairs.source, pairs.target, pairs.links)
            for name, pairs in corpus.splits.items()
        }

    def _vocabulary(self, lines: list[str], side: str) -> Vocabulary:
        subwords = self._config.subwords
        if subwords.size <= len(SPECIAL_TOKENS):
            raise ValueError(
                f"data.subwords.size={subwords.size} has room for the {len(SPECIAL_TOKENS)} special tokens alone. "
                f"Use data.subwords.size={len(SPECIAL_TOKENS) + 1} or more."
            )
        if subwords.kind == "words":
            return Words.of_text(lines, subwords.size)

        def train() -> Arrays:
            return {"model": np.frombuffer(train_subwords(lines, size=subwords.size, model=subwords.model), np.uint8)}

        return Subwords(self._cached("subwords", side, train)["model"].tobytes())

    def _cached(self, kind: str, part: str, make: Callable[[], Arrays]) -> Arrays:
        """What `make` gives, from the cache where it is in there."""
        if self._text_digest is None:
            return make()
        path = self._path(kind, part)
        arrays: Arrays | None = cache.read_arrays(path)
        if arrays is None:
            arrays = make()
            cache.write_arrays(path, arrays)
        return arrays

    def _path(self, kind: str, part: str) -> Path:
        config = self._config
        facts = [_ENCODING_VERSION, sentencepiece.__version__, self._text_digest, config.lowercase]
        return cache.folder(config) / kind / f"{cache.digest([*facts, vars(config.subwords), part])}.npz"


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
