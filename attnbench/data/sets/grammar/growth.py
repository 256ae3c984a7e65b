"""The default data set: sentences of the synthetic language pair, grown to an exact length."""

from dataclasses import dataclass
from functools import partial
from random import Random

from attnbench.config import Positive
from attnbench.data.generated import GeneratedOptions, GeneratedPair, choice
from attnbench.data.sets.grammar.lexicon import Verb, invent
from attnbench.data.sets.grammar.phenomena import phenomena
from attnbench.data.sets.grammar.syntax import Clause, NounPhrase, RelativeClause, source_size, translate

_SHORTEST = 3
_CLAUSE_WORDS = (6, 10)
_ATTEMPTS = 300


@dataclass(frozen=True)
class GrammarOptions(GeneratedOptions):
    """Sizes of the synthetic language pair."""

    nouns: Positive
    verbs: Positive
    adjectives: Positive
    adverbs: Positive

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shortest < _SHORTEST:
            raise ValueError(
                f"data.options.shortest must be at least {_SHORTEST}: the grammar's shortest sentence is a determiner, "
                f"a noun and a verb. Received {self.shortest}."
            )


class Grammar:
    """The language pair of one seed.

    A sentence grows from its shortest form by random additions until it has the requested length. Each `_add_` method
    adds a part of at most `missing` words to a clause, unless the clause already has one or the part is longer, and
    returns how many words it added.
    """

    def __init__(self, options: GrammarOptions, seed: int) -> None:
        self._lexicon = invent(
            Random(f"{seed}/lexicon"),
            nouns=options.nouns,
            verbs=options.verbs,
            adjectives=options.adjectives,
            adverbs=options.adverbs,
        )
        self._additions = (
            [self._add_adjective] * 6
            + [self._add_object] * 6
            + [self._add_particle] * 4
            + [self._add_relative] * 3
            + [self._add_adverb] * 3
            + [self._add_negation]
        )

    def words(self) -> tuple[list[str], list[str]]:
        """Every source word and every target word."""
        return self._lexicon.words()

    def pair(self, random: Random, length: int) -> GeneratedPair:
        """A sentence of exactly `length` source words, its translation, the gold links and the phenomena."""
        while True:  # an attempt that cannot be completed is repeated
            clauses = self._skeleton(random, length)
            missing = length - sum(map(source_size, clauses))
            for _ in range(_ATTEMPTS):
                if missing <= 0:
                    break
                add = choice(random, self._additions)
                missing -= add(random, choice(random, clauses), missing)
            if missing == 0:
                source, target, links = translate(clauses, self._lexicon)
                return GeneratedPair(source, target, links, partial(phenomena, clauses, self._lexicon, links))

    def _skeleton(self, random: Random, length: int) -> list[Clause]:
        shortest, longest = _CLAUSE_WORDS
        words = shortest + random.random() * (longest - shortest)
        clauses = [Clause(None, self._noun_phrase(random), self._verb(random))]
        while len(clauses) < round(length / words):
            subordinate = random.random() < 0.5
            conjunction = choice(random, self._lexicon.subordinators if subordinate else self._lexicon.coordinators)
            subject = None if random.random() < 0.4 else self._noun_phrase(random)
            clauses.append(Clause(conjunction, subject, self._verb(random)))
        return clauses

    def _add_adjective(self, random: Random, clause: Clause, missing: int) -> int:
        phrase = choice(random, list(clause.noun_phrases()) or (None,))
        if phrase is None or len(phrase.adjectives) == 2:
            return 0
        phrase.adjectives.append(self._lexicon.adjectives.draw(random))
        return 1

    def _add_object(self, random: Random, clause: Clause, missing: int) -> int:
        phrase = self._noun_phrase(random)
        if clause.object is not None or source_size(phrase) > missing:
            return 0
        clause.object = phrase
        return source_size(phrase)

    def _add_relative(self, random: Random, clause: Clause, missing: int) -> int:
        phrase = choice(random, (clause.subject, clause.object))
        if phrase is None or phrase.relative is not None:
            return 0
        relative = RelativeClause(self._verb(random), self._noun_phrase(random) if random.random() < 0.6 else None)
        if source_size(relative) > missing:
            return 0
        phrase.relative = relative
        return source_size(relative)

    def _add_adverb(self, random: Random, clause: Clause, missing: int) -> int:
        if clause.adverb is not None:
            return 0
        clause.adverb = self._lexicon.adverbs.draw(random)
        return 1

    def _add_negation(self, random: Random, clause: Clause, missing: int) -> int:
        added = not clause.negated
        clause.negated = True
        return int(added)

    def _add_particle(self, random: Random, clause: Clause, missing: int) -> int:
        particles = [particle for particle in clause.verb.senses if particle]
        if clause.particle or not particles:
            return 0
        clause.particle = choice(random, particles)
        return 1

    def _noun_phrase(self, random: Random) -> NounPhrase:
        return NounPhrase(choice(random, self._lexicon.determiners), self._lexicon.nouns.draw(random))

    def _verb(self, random: Random) -> Verb:
        return self._lexicon.verbs.draw(random)
