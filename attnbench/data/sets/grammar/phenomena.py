"""Where a sentence of the grammar shows what makes its translation hard, read off its tree.

verb_agreement_N_M    a verb's form, which the number of its subject decides: N to M source words stand between the verb
                      and the determiner that shows the number, for a pronoun's verb that of the subject which it means
pronoun_agreement     a pronoun's form, which gender and number of the subject of the clause before decide
determiner_agreement  a determiner and its noun, whose gender decides the determiner's form
particle_sense        the target verb of a source verb with a particle
verb_final            an object's noun and the verb that follows it, in relative clauses and after a subordinator
one_to_many           a source word that is two target words
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from attnbench.data.corpus import Links, Phenomena
from attnbench.data.sets.grammar.lexicon import Lexicon
from attnbench.data.sets.grammar.syntax import Clause, NounPhrase, source_size

DISTANCES = ((1, 2), (3, 5), (6, 10), (11, None))
"""The classes of verb agreement: source words between, at least and at most."""

_Instance = tuple[str, Sequence[int]]

_Targets = Mapping[int, Sequence[int]]
"""The target words that a source word is surely linked to, by its index."""


def phenomena(clauses: Sequence[Clause], lexicon: Lexicon, links: Links) -> Phenomena:
    """The instances of each phenomenon in the sentence that `translate` writes, as indices of target words."""
    targets: dict[int, list[int]] = defaultdict(list)
    for i, j in sorted(links.sure):
        targets[i].append(j)
    found: list[_Instance] = [("one_to_many", words) for words in targets.values() if len(words) > 1]
    start = determiner = 0
    for clause in clauses:
        subject = start + (clause.conjunction is not None)
        if clause.subject is None:
            found.append(("pronoun_agreement", targets[subject]))
        else:
            determiner = subject
            found += _noun_phrase(clause.subject, subject, targets)
        verb = subject + (1 if clause.subject is None else source_size(clause.subject)) + clause.negated
        found.append((_verb_agreement(verb - determiner - 1), targets[verb]))
        if clause.particle:
            found.append(("particle_sense", targets[verb]))
        if clause.object is not None:
            found += _noun_phrase(clause.object, verb + 1, targets)
            if clause.conjunction in lexicon.subordinators:
                found.append(_verb_final(clause.object, verb, targets))
        start += source_size(clause)
    return tuple((name, tuple(words)) for name, words in found)


def names() -> list[str]:
    """The name of every phenomenon."""
    others = "pronoun_agreement determiner_agreement particle_sense verb_final one_to_many".split()
    return [*(_verb_agreement(low) for low, _ in DISTANCES), *others]


def _noun_phrase(phrase: NounPhrase, start: int, targets: _Targets) -> Iterator[_Instance]:
    """The instances in a noun phrase whose determiner is source word `start`."""
    yield "determiner_agreement", [*targets[start], *targets[start + 1 + len(phrase.adjectives)]]
    if phrase.relative is None:
        return
    verb = start + source_size(phrase) - source_size(phrase.relative) + 1
    yield _verb_agreement(verb - start - 1), targets[verb]
    if phrase.relative.object is not None:
        yield from _noun_phrase(phrase.relative.object, verb + 1, targets)
        yield _verb_final(phrase.relative.object, verb, targets)


def _verb_final(phrase: NounPhrase, verb: int, targets: _Targets) -> _Instance:
    """The noun of the object, which begins right after the verb in the source, and the verb."""
    noun = verb + 1 + 1 + len(phrase.adjectives)
    return "verb_final", [*targets[noun], *targets[verb]]


def _verb_agreement(distance: int) -> str:
    low, high = next((low, high) for low, high in DISTANCES if high is None or distance <= high)
    return f"verb_agreement_{low}_{'up' if high is None else high}"
