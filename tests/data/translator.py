"""A second way from source to target: reads the source words from left to right and translates them, without the tree.

It shows that the translation is a function of the source words, and it knows nothing of how the package writes a tree.
"""

from dataclasses import dataclass, field

from attnbench.data.sets.grammar.lexicon import Lexicon, Noun


@dataclass
class Translator:
    """Translates one sentence; `position` is the index of the word that is read next."""

    lexicon: Lexicon
    words: list[str]
    position: int = 0
    subject: tuple[int, bool] = (0, False)
    nouns: dict[str, Noun] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.nouns = {noun.source[0]: noun for noun in self.lexicon.nouns.items}
        self.verbs = {verb.source: verb for verb in self.lexicon.verbs.items}
        self.adjectives = {word.source: word.target for word in self.lexicon.adjectives.items}
        self.adverbs = {word.source: word.target for word in self.lexicon.adverbs.items}
        self.coordinators = {word.source: word.target for word in self.lexicon.coordinators}
        self.subordinators = {word.source: word.target for word in self.lexicon.subordinators}
        self.determiners = {determiner.source: determiner for determiner in self.lexicon.determiners}

    def sentence(self) -> list[str]:
        target = self.clause([], verb_last=False)
        while self.position < len(self.words):
            word = self.take()
            last = word in self.subordinators
            target += self.clause(list((self.subordinators if last else self.coordinators)[word]), verb_last=last)
        return target

    def clause(self, opening: list[str], *, verb_last: bool) -> list[str]:
        if self.sees({self.lexicon.pronoun}):
            self.take()
            gender, plural = self.subject
            subject = [self.lexicon.pronoun_forms[gender][plural]]
        else:
            subject, self.subject = self.noun_phrase()
        before, after = self.negation()
        plural = self.subject[1]
        verb = self.verbs[self.take()]
        thing = self.noun_phrase()[0] if self.sees(self.determiners) else []
        particle = self.take() if self.sees(set(verb.senses)) else ""
        form = [verb.senses[particle][plural]]
        adverb = list(self.adverbs[self.take()]) if self.sees(self.adverbs) else []
        middle = thing + before + form if verb_last else before + form + thing
        return opening + subject + adverb + middle + after

    def noun_phrase(self) -> tuple[list[str], tuple[int, bool]]:
        determiner = self.determiners[self.take()]
        adjectives: list[str] = []
        while self.sees(self.adjectives):
            adjectives = [*self.adjectives[self.take()], *adjectives]
        noun = self.nouns[self.take()]
        for word in noun.source[1:]:
            assert self.take() == word
        target = [determiner.by_gender[noun.gender], *noun.target, *adjectives]
        if self.sees({self.lexicon.relative.source}):
            self.take()
            form = self.verbs[self.take()].senses[""][determiner.plural]
            thing = self.noun_phrase()[0] if self.sees(self.determiners) else []
            target += [*self.lexicon.relative.target, *thing, form]
        return target, (noun.gender, determiner.plural)

    def negation(self) -> tuple[list[str], list[str]]:
        if not self.sees({self.lexicon.negation.source}):
            return [], []
        self.take()
        before, after = self.lexicon.negation.target
        return [before], [after]

    def sees(self, words: object) -> bool:
        return self.position < len(self.words) and self.words[self.position] in words  # type: ignore[operator]

    def take(self) -> str:
        self.position += 1
        return self.words[self.position - 1]
