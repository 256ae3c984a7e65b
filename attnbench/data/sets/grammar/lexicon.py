"""The words of the synthetic language pair: invented, readable, and different for each seed."""

import bisect
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Generic

from attnbench.data.generated import Item, choice

_SOURCE_SOUNDS = ("bdfghklmnprstvz", "aeiou")
_TARGET_SOUNDS = ("bcdfgjlmnpqrstxz", "aeiouy")


class Frequencies(Generic[Item]):
    """Items with decreasing frequencies: item r (from 0) has a weight of 1 / (r + 10).

    Natural words follow a steeper law; with this one every item is frequent enough to be learnt from 10,000 pairs.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self._sums = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(items))))

    def draw(self, random: Random) -> Item:
        """One item."""
        return self.items[bisect.bisect(self._sums, random.random() * self._sums[-1], hi=len(self.items) - 1)]


@dataclass(frozen=True)
class Determiner:
    """Shows the number of its noun; its translation also agrees with the noun's gender."""

    source: str
    plural: bool
    by_gender: tuple[str, str]


@dataclass(frozen=True)
class Noun:
    """One or two source words (several nouns share the second), one or two target words; the gender is 0 or 1."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    gender: int


@dataclass(frozen=True)
class Verb:
    """`senses` maps a particle, or "" for none, to the target verb's singular and plural."""

    source: str
    senses: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Word:
    """A word with one translation, of one or more words."""

    source: str
    target: tuple[str, ...]


@dataclass(frozen=True)
class Lexicon:
    """All the words of both languages. `pronoun` is indexed by gender, then by whether plural."""

    determiners: tuple[Determiner, ...]
    nouns: Frequencies[Noun]
    adjectives: Frequencies[Word]
    verbs: Frequencies[Verb]
    adverbs: Frequencies[Word]
    coordinators: tuple[Word, ...]
    subordinators: tuple[Word, ...]
    relative: Word
    negation: Word
    pronoun: str
    pronoun_forms: tuple[tuple[str, str], tuple[str, str]]

    def words(self) -> tuple[list[str], list[str]]:
        """Every source word and every target word, sorted."""
        plain = [*self.adjectives.items, *self.adverbs.items, *self.coordinators, *self.subordinators]
        plain += [self.relative, self.negation]
        source = {self.pronoun, *(word.source for word in plain)}
        source.update(word.source for word in self.determiners)
        source.update(word.source for word in self.verbs.items)
        source.update(form for noun in self.nouns.items for form in noun.source)
        source.update(particle for verb in self.verbs.items for particle in verb.senses if particle)
        target = {form for word in plain for form in word.target}
        target.update(form for noun in self.nouns.items for form in noun.target)
        target.update(form for determiner in self.determiners for form in determiner.by_gender)
        target.update(form for verb in self.verbs.items for forms in verb.senses.values() for form in forms)
        target.update(form for forms in self.pronoun_forms for form in forms)
        return sorted(source), sorted(target)


def _coin(random: Random, sounds: tuple[str, str]) -> Iterator[str]:
    """An endless sequence of different stems: of two syllables without the last vowel, later of three."""
    consonants, vowels = sounds
    used: set[str] = set()
    for attempt in itertools.count():
        syllables = 2 if attempt < 2000 else 3
        stem = "".join(choice(random, consonants) + choice(random, vowels) for _ in range(syllables))[:-1]
        if stem not in used:
            used.add(stem)
            yield stem


def invent(random: Random, *, nouns: int, verbs: int, adjectives: int, adverbs: int) -> Lexicon:
    """Invents a language pair. Endings tell the word class: in the source nouns end in -or, verbs in -et, adjectives in
    -ig, adverbs in -um; in the target nouns in -a or -o by gender, verbs in -it or -int by number, adjectives in -ev,
    adverbs in -ul. Function words are bare stems.

    Every tenth noun is two source words, every sixth is two target words, every fourth adverb two target words; every
    third verb has two particles, each of which gives it another meaning.
    """
    source, target = _coin(random, _SOURCE_SOUNDS), _coin(random, _TARGET_SOUNDS)
    heads = [next(source) + "or" for _ in range(3)]
    particles = [next(source) for _ in range(2)]
    return Lexicon(
        determiners=tuple(Determiner(next(source), rank % 2 == 1, (next(target), next(target))) for rank in range(4)),
        nouns=Frequencies([_noun(rank, source, target, heads) for rank in range(nouns)]),
        adjectives=Frequencies([Word(next(source) + "ig", (next(target) + "ev",)) for _ in range(adjectives)]),
        verbs=Frequencies([_verb(rank, source, target, particles) for rank in range(verbs)]),
        adverbs=Frequencies([_adverb(rank, source, target) for rank in range(adverbs)]),
        coordinators=tuple(Word(next(source), (next(target),)) for _ in range(2)),
        subordinators=tuple(Word(next(source), (next(target),)) for _ in range(3)),
        relative=Word(next(source), (next(target),)),
        negation=Word(next(source), (next(target), next(target))),
        pronoun=next(source),
        pronoun_forms=((next(target), next(target)), (next(target), next(target))),
    )


def _noun(rank: int, source: Iterator[str], target: Iterator[str], heads: list[str]) -> Noun:
    gender = rank % 2
    stem = next(source)
    words = (stem + "en", heads[rank % len(heads)]) if rank % 10 == 7 else (stem + "or",)
    return Noun(words, tuple(next(target) + "ao"[gender] for _ in range(2 if rank % 6 == 4 else 1)), gender)


def _verb(rank: int, source: Iterator[str], target: Iterator[str], particles: list[str]) -> Verb:
    stems = {sense: next(target) for sense in ["", *(particles if rank % 3 == 1 else [])]}
    return Verb(next(source) + "et", {sense: (stem + "it", stem + "int") for sense, stem in stems.items()})


def _adverb(rank: int, source: Iterator[str], target: Iterator[str]) -> Word:
    forms = tuple(next(target) + "ul" for _ in range(2 if rank % 4 == 3 else 1))
    return Word(next(source) + "um", forms)
