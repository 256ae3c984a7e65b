"""Which words of a sentence of the grammar show what makes its translation hard."""

from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from attnbench.config import DataConfig
from attnbench.data import load
from attnbench.data.sets.grammar.phenomena import names, phenomena
from attnbench.data.sets.grammar.syntax import Clause, NounPhrase, RelativeClause, translate
from attnbench.metrics import METRICS
from tests.data.sets.small_language import (
    ALL,
    AND,
    BECAUSE,
    BIG,
    CAT,
    FIRE_DOG,
    GRAMMAR,
    LEXICON,
    RED,
    SEES,
    SLEEPS,
    SMALL,
    THE,
    TODAY,
)


def shown(*clauses: Clause) -> dict[str, list[str]]:
    """By phenomenon, the target words of each instance."""
    _, target, links = translate(list(clauses), SMALL)
    found: dict[str, list[str]] = {}
    for name, words in phenomena(list(clauses), SMALL, links):
        found.setdefault(name, []).append(" ".join(target[index] for index in words))
    return found


def test_a_verb_agrees_over_the_words_of_its_subject() -> None:
    # all [big red cat] sleeps: three words between determiner and verb
    assert shown(Clause(None, NounPhrase(ALL, CAT, [BIG, RED]), SLEEPS)) == {
        "determiner_agreement": ["le gata"],
        "verb_agreement_3_5": ["dint"],
    }


def test_a_relative_clause_holds_subject_and_verb_apart() -> None:
    # all [cat who sees the big cat] sleeps; all [cat who] sees
    subject = NounPhrase(ALL, CAT, relative=RelativeClause(SEES, NounPhrase(THE, CAT, [BIG])))
    assert shown(Clause(None, subject, SLEEPS, negated=True)) == {
        "determiner_agreement": ["le gata", "la gata"],
        "verb_agreement_1_2": ["vidint"],
        "verb_agreement_6_10": ["dint"],
        "verb_final": ["gata vidint"],
        "one_to_many": ["ne pa"],
    }


def test_a_pronouns_verb_agrees_with_the_subject_that_the_pronoun_means() -> None:
    # all [fire dog sees the cat and it] sleeps, as far as the second verb is concerned; then [... because it] sleeps
    first = Clause(None, NounPhrase(ALL, FIRE_DOG), SEES, object=NounPhrase(THE, CAT))
    assert shown(first, Clause(AND, None, SLEEPS), Clause(BECAUSE, None, SLEEPS)) == {
        "determiner_agreement": ["li ko nino", "la gata"],
        "verb_agreement_1_2": ["vidint"],
        "verb_agreement_6_10": ["dint", "dint"],
        "pronoun_agreement": ["elos", "elos"],
        "one_to_many": ["ko nino"],
    }


def test_a_particle_decides_the_sense_and_a_subordinator_the_place_of_a_verb() -> None:
    first = Clause(None, NounPhrase(THE, CAT), SLEEPS)
    second = Clause(
        BECAUSE, NounPhrase(THE, CAT), SEES, object=NounPhrase(THE, FIRE_DOG, [BIG]), particle="off", adverb=TODAY
    )
    found = shown(first, second)
    assert found["particle_sense"] == ["salit"]
    assert found["verb_final"] == ["ko nino salit"]
    assert found["one_to_many"] == ["ko nino", "en hoy"]


@settings(deadline=None)
@given(st.integers(0, 10**9), st.integers(3, 70))
def test_each_word_of_a_phenomenon_is_one_that_can_show_it(seed: int, length: int) -> None:
    pair = GRAMMAR.pair(Random(seed), length)
    verbs = {form for verb in LEXICON.verbs.items for forms in verb.senses.values() for form in forms}
    nouns = {form for noun in LEXICON.nouns.items for form in noun.target}
    determiners = {form for determiner in LEXICON.determiners for form in determiner.by_gender}
    pronouns = {form for forms in LEXICON.pronoun_forms for form in forms}
    instances = [(name, [pair.target[index] for index in words]) for name, words in pair.phenomena()]
    for name, words in instances:
        assert name in names()
        assert words
        if name.startswith("verb_agreement") or name == "particle_sense":
            assert verbs.issuperset(words)
        if name == "verb_final":
            assert nouns.issuperset(words[:-1])
            assert words[-1] in verbs
        if name == "determiner_agreement":
            assert words[0] in determiners
            assert nouns.issuperset(words[1:])
        if name == "pronoun_agreement":
            assert pronouns.issuperset(words)
    agreeing = [word for name, words in instances if name.startswith("verb_agreement") for word in words]
    assert sorted(agreeing) == sorted(word for word in pair.target if word in verbs)


def test_every_phenomenon_is_a_metric() -> None:
    assert {f"phenomenon/{name}" for name in names()} == {
        metric.key for metric in METRICS if metric.key.startswith("phenomenon/")
    }


def test_held_out_text_has_phenomena_where_it_is_generated(configured: Callable[..., DataConfig]) -> None:
    sizes = {"train_pairs": 7, "valid_pairs": 5, "test_pairs": 3}
    grammar = load(configured("grammar", options=sizes), sequence_length=20)
    assert grammar.test.text.phenomena is not None
    assert len(grammar.test.text.phenomena) == 3
    assert grammar.train.text.phenomena is None
    copied = load(configured("copy", options=sizes), sequence_length=20)
    assert copied.test.text.phenomena == [()] * 3
