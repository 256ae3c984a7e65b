"""Data sets that are generated: splits of exact lengths, the same test set under every limit.

Every draw is `Random.random()` of a generator seeded by `data.seed` and the split's name: Python promises never to
change it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from operator import itemgetter
from random import Random
from typing import ClassVar, Generic, NamedTuple, Protocol, TypeVar

from attnbench.checks import check_choice
from attnbench.config import DataConfig, Positive
from attnbench.data import cache
from attnbench.data.corpus import Corpus, Links, Pairs, Phenomena
from attnbench.mapping import build

GENERATOR_VERSION = 1
"""Raised whenever the same options and seed give other text."""

_ATTEMPTS_PER_PAIR = 100


@dataclass(frozen=True)
class GeneratedOptions:
    """Sizes of a generated data set; lengths in source tokens.

    Half of the test and of the validation sentences have `shortest` to `middle` tokens, half `middle` + 1 to `longest`,
    each length equally often. Training sentences have `shortest` tokens to `sequence_length` (at most `longest`).
    """

    train_pairs: Positive
    valid_pairs: Positive
    test_pairs: Positive
    shortest: Positive
    middle: int
    longest: int

    def __post_init__(self) -> None:
        if not self.shortest <= self.middle <= self.longest:
            raise ValueError(
                "data.options must satisfy shortest <= middle <= longest, "
                f"received shortest={self.shortest}, middle={self.middle}, longest={self.longest}."
            )


class GeneratedPair(NamedTuple):
    """Source words, target words, gold links; `phenomena` finds where the target shows which phenomenon."""

    source: list[str]
    target: list[str]
    links: Links
    phenomena: Callable[[], Phenomena] = tuple


class Language(Protocol):
    """A pair of languages from which sentence pairs are drawn."""

    def words(self) -> tuple[list[str], list[str]]:
        """Every source word and every target word."""

    def pair(self, random: Random, length: int) -> GeneratedPair:
        """A pair of exactly `length` source words."""


Options = TypeVar("Options", bound=GeneratedOptions)
Item = TypeVar("Item")


def choice(random: Random, items: Sequence[Item]) -> Item:
    """One of `items`, each equally likely."""
    return items[int(random.random() * len(items))]


@dataclass(frozen=True)
class Generated(Generic[Options]):
    """The loader of a generated data set; `language` makes the language from options and `data.seed`."""

    options: type[Options]
    language: Callable[[Options, int], Language]
    cacheable: ClassVar = False

    def check(self, config: DataConfig, *, sequence_length: int | None = None) -> None:
        """Raises ValueError for what is wrong with the options, or for a limit below the shortest sentence."""
        options = self._read_options(config)
        check_choice("data.source_language", config.source_language, ("source",))
        check_choice("data.target_language", config.target_language, ("target",))
        if config.subwords.kind != "words":
            raise ValueError(
                f"The words of {config.name} are its tokens, but data.subwords.kind={config.subwords.kind}. "
                "Use data.subwords.kind=words."
            )
        if config.subwords.joint:
            raise ValueError(
                f"Each side of {config.name} has its own words, but data.subwords.joint=true. "
                "Use data.subwords.joint=false."
            )
        if sequence_length is not None and sequence_length < options.shortest:
            raise ValueError(
                f"sequence_length={sequence_length} leaves no training sentence: the shortest has {options.shortest} "
                f"tokens. Use sequence_length={options.shortest} or more, or a smaller data.options.shortest."
            )

    def digests(self, config: DataConfig) -> dict[str, str]:
        """One digest, of everything that decides the text."""
        facts = [GENERATOR_VERSION, config.loader, config.seed, asdict(self._read_options(config))]
        return {"generator": cache.digest(facts)}

    def read(self, config: DataConfig, *, sequence_length: int) -> Corpus:
        """Generates the splits; raises ValueError as `check`, and where there are too few different sentences.

        Test and validation set depend on `data.seed` and the options alone.
        """
        self.check(config, sequence_length=sequence_length)
        options = self._read_options(config)
        language = self.language(options, config.seed)
        held_out: set[tuple[str, ...]] = set()
        # The test set comes first, so that nothing else decides it; training comes last and avoids both.
        test = _held_out(language, Random(f"{config.seed}/test"), options, options.test_pairs, held_out)
        valid = _held_out(language, Random(f"{config.seed}/valid"), options, options.valid_pairs, held_out)
        random = Random(f"{config.seed}/train/{sequence_length}")
        train = _training(language, random, options, sequence_length, held_out)
        return Corpus({"train": train, "valid": valid, "test": test, "alignment": test}, words=language.words())

    def _read_options(self, config: DataConfig) -> Options:
        return build(self.options, config.options, "data.options.")


def _held_out(
    language: Language, random: Random, options: GeneratedOptions, pairs: int, held_out: set[tuple[str, ...]]
) -> Pairs:
    """`pairs` different pairs whose sources are not in `held_out`, in random order; adds their sources to it."""
    keyed: list[tuple[float, GeneratedPair]] = []
    for length in _lengths(options, pairs):
        for _ in range(_ATTEMPTS_PER_PAIR):
            pair = language.pair(random, length)
            if tuple(pair.source) not in held_out:
                break
        else:
            raise _too_few(f"different sentences of {length} tokens to hold out from training")
        held_out.add(tuple(pair.source))
        keyed.append((random.random(), pair))
    ordered = [pair for _, pair in sorted(keyed, key=itemgetter(0))]
    return replace(_pairs(ordered), phenomena=[pair.phenomena() for pair in ordered])


def _lengths(options: GeneratedOptions, pairs: int) -> Iterator[int]:
    """The source length of each held-out pair: alternately short and long, each kind cycling through its lengths."""
    short = range(options.shortest, options.middle + 1)
    long = range(options.middle + 1, options.longest + 1) or short
    for number in range(pairs):
        lengths = long if number % 2 else short
        yield lengths[number // 2 % len(lengths)]


def _training(
    language: Language, random: Random, options: GeneratedOptions, sequence_length: int, held_out: set[tuple[str, ...]]
) -> Pairs:
    """Pairs of at most `sequence_length` tokens on either side whose sources are not in `held_out`."""
    lengths = range(options.shortest, min(options.longest, sequence_length) + 1)
    pairs: list[GeneratedPair] = []
    for _ in range(_ATTEMPTS_PER_PAIR * options.train_pairs):
        pair = language.pair(random, choice(random, lengths))
        if len(pair.target) <= sequence_length and tuple(pair.source) not in held_out:
            pairs.append(pair._replace(phenomena=tuple))  # and the tree of the sentence is not kept
            if len(pairs) == options.train_pairs:
                return _pairs(pairs)
    raise _too_few(f"training sentences of at most {sequence_length} tokens outside the test and validation sets")


def _too_few(what: str) -> ValueError:
    return ValueError(
        f"There are too few {what}. Use fewer pairs, more words or longer sentences (data.options), "
        "or a larger sequence_length."
    )


def _pairs(pairs: Sequence[GeneratedPair]) -> Pairs:
    sources, targets = ([" ".join(words) for words in side] for side in zip(*(pair[:2] for pair in pairs), strict=True))
    return Pairs(sources, targets, [pair.links for pair in pairs])
