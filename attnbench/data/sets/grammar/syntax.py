"""Sentences of the synthetic language pair as trees, and how a tree is written in either language.

A source sentence is one or more clauses, each joined to the previous one by a conjunction:

    clause       [conjunction] subject [negation] verb [object] [particle] [adverb]
    subject      noun phrase, or from the second clause on a pronoun
    noun phrase  determiner adjective* noun [relative pronoun, verb, [determiner adjective* noun]]

Each kind of word shows which kinds may follow, so a sentence has one analysis and hence one translation. The target has
what makes translation hard:

    local order    adjectives follow their noun, the last one first
    distant order  the verb is last in relative clauses and after a subordinating conjunction; the adverb moves from the
                   end of its clause to just after the subject
    one to many    some nouns and adverbs are two target words; the negation is one word before the verb and one at the
                   end of the clause
    many to one    some nouns are two source words; a verb and its particle are one target word
    agreement      determiners agree with the noun's gender; verbs with the number of their subject, which a relative
                   clause may hold apart; pronouns with gender and number of the subject of the clause before
    sense          a particle at the far side of the object gives the verb another translation

The gold links: a target word is surely linked to one source word (a verb to the verb, not to its particle), and
possibly to the others that it stands for.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from attnbench.data.corpus import Links
from attnbench.data.sets.grammar.lexicon import Determiner, Lexicon, Noun, Verb, Word


@dataclass
class RelativeClause:
    """Says what a noun does: a verb and perhaps an object, which has no relative clause of its own."""

    verb: Verb
    object: "NounPhrase | None" = None


@dataclass
class NounPhrase:
    """A noun with its determiner; adjectives in source order."""

    determiner: Determiner
    noun: Noun
    adjectives: list[Word] = field(default_factory=list)
    relative: RelativeClause | None = None


@dataclass
class Clause:
    """One clause; a subject of None is a pronoun that stands for the subject of the clause before."""

    conjunction: Word | None
    subject: NounPhrase | None
    verb: Verb
    negated: bool = False
    object: NounPhrase | None = None
    particle: str = ""
    adverb: Word | None = None

    def noun_phrases(self) -> Iterator[NounPhrase]:
        """The noun phrases of the clause, those of relative clauses included."""
        for phrase in (self.subject, self.object):
            if phrase is not None:
                yield phrase
                if phrase.relative is not None and phrase.relative.object is not None:
                    yield phrase.relative.object


_Text = list[tuple[object, str]]
"""Words, each with an object that words of the two languages share which translate each other."""


_Part = tuple[_Text, _Text]
"""A part of a sentence in both languages; plain tuples, as one is made for each word."""


def translate(clauses: list[Clause], lexicon: Lexicon) -> tuple[list[str], list[str], Links]:
    """Writes a sentence in both languages: source words, target words, and the gold links between them."""
    source: _Text = []
    target: _Text = []
    features = (0, False)
    for clause in clauses:
        if clause.subject is not None:
            features = clause.subject.noun.gender, clause.subject.determiner.plural
        clause_source, clause_target = _clause(clause, lexicon, *features)
        source += clause_source
        target += clause_target
    return [word for _, word in source], [word for _, word in target], _links(source, target)


def source_size(part: Clause | NounPhrase | RelativeClause | None) -> int:
    """How many source words `part` has."""
    if part is None:
        return 0
    if isinstance(part, NounPhrase):
        return 1 + len(part.adjectives) + len(part.noun.source) + source_size(part.relative)
    if isinstance(part, RelativeClause):
        return 2 + source_size(part.object)
    optional = (part.conjunction is not None, part.negated, bool(part.particle), part.adverb is not None)
    subject = 1 if part.subject is None else source_size(part.subject)
    return 1 + sum(optional) + subject + source_size(part.object)


def _links(source: _Text, target: _Text) -> Links:
    positions: dict[object, list[int]] = defaultdict(list)
    for i, (unit, _) in enumerate(source):
        positions[unit].append(i)
    linked = [positions[unit] for unit, _ in target]
    sure = frozenset([(sources[0], j) for j, sources in enumerate(linked)])
    return Links(sure, frozenset([(i, j) for j, sources in enumerate(linked) for i in sources]))


def _clause(clause: Clause, lexicon: Lexicon, gender: int, plural: bool) -> _Part:
    conjunction, conjunction_target = _optional(clause.conjunction)
    adverb, adverb_target = _optional(clause.adverb)
    negation, negation_target = _optional(lexicon.negation if clause.negated else None)
    if clause.subject is None:
        subject, subject_target = _word((lexicon.pronoun,), (lexicon.pronoun_forms[gender][plural],))
    else:
        subject, subject_target = _noun_phrase(clause.subject, lexicon)
    verb_unit = object()
    verb = [(verb_unit, clause.verb.source)]
    particle = [(verb_unit, clause.particle)] if clause.particle else []
    obj, obj_target = _noun_phrase(clause.object, lexicon)
    # The negation's first target word stands before the verb, its second at the end of the clause.
    verb_group = [*negation_target[:1], (verb_unit, clause.verb.senses[clause.particle][plural])]
    verb_last = clause.conjunction in lexicon.subordinators
    predicate = obj_target + verb_group if verb_last else verb_group + obj_target
    target = conjunction_target + subject_target + adverb_target + predicate + negation_target[1:]
    return conjunction + subject + negation + verb + obj + particle + adverb, target


def _noun_phrase(phrase: NounPhrase | None, lexicon: Lexicon) -> _Part:
    if phrase is None:
        return [], []
    source, target = _word((phrase.determiner.source,), (phrase.determiner.by_gender[phrase.noun.gender],))
    noun, noun_target = _word(phrase.noun.source, phrase.noun.target)
    adjectives_target: _Text = []
    for adjective in phrase.adjectives:
        word, word_target = _optional(adjective)
        source += word
        adjectives_target = word_target + adjectives_target
    source += noun
    target += noun_target + adjectives_target
    if phrase.relative is not None:
        relative, relative_target = _optional(lexicon.relative)
        form = phrase.relative.verb.senses[""][phrase.determiner.plural]
        verb, verb_target = _word((phrase.relative.verb.source,), (form,))
        obj, obj_target = _noun_phrase(phrase.relative.object, lexicon)
        source += relative + verb + obj
        target += relative_target + obj_target + verb_target
    return source, target


def _optional(word: Word | None) -> _Part:
    return ([], []) if word is None else _word((word.source,), word.target)


def _word(source: tuple[str, ...], target: tuple[str, ...]) -> _Part:
    unit = object()
    return [(unit, word) for word in source], [(unit, word) for word in target]
