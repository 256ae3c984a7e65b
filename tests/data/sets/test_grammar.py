from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from attnbench.config import DataConfig
from attnbench.data.sets.grammar.growth import Grammar, GrammarOptions
from attnbench.data.sets.grammar.lexicon import invent
from attnbench.data.sets.grammar.syntax import Clause, NounPhrase, RelativeClause, source_size, translate
from tests.data.refusal import refusal
from tests.data.sets.small_language import (
    ALL,
    AND,
    BECAUSE,
    BIG,
    CAT,
    FIRE_DOG,
    GRAMMAR,
    LENGTHS,
    LEXICON,
    RED,
    SEES,
    SIZES,
    SLEEPS,
    SMALL,
    THE,
    TODAY,
)
from tests.data.translator import Translator


def written(*clauses: Clause) -> tuple[str, str]:
    source, target, _ = translate(list(clauses), SMALL)
    return " ".join(source), " ".join(target)


def test_adjectives_follow_their_noun_in_mirrored_order() -> None:
    clause = Clause(None, NounPhrase(THE, CAT, [BIG, RED]), SLEEPS)
    assert written(clause) == ("the big red cat sleeps", "la gata roj gran dit")


def test_determiner_agrees_with_gender_and_verb_with_number() -> None:
    assert written(Clause(None, NounPhrase(ALL, CAT), SLEEPS)) == ("all cat sleeps", "le gata dint")
    assert written(Clause(None, NounPhrase(THE, FIRE_DOG), SLEEPS)) == ("the fire dog sleeps", "lo ko nino dit")


def test_the_verb_is_last_after_a_subordinating_conjunction_only() -> None:
    first = Clause(None, NounPhrase(THE, CAT), SLEEPS)
    for conjunction, order in ((AND, "i la gata vidit li ko nino"), (BECAUSE, "ker la gata li ko nino vidit")):
        second = Clause(conjunction, NounPhrase(THE, CAT), SEES, object=NounPhrase(ALL, FIRE_DOG))
        assert written(first, second) == (
            f"the cat sleeps {conjunction.source} the cat sees all fire dog",
            f"la gata dit {order}",
        )


def test_the_verb_of_a_relative_clause_is_last_and_the_main_verb_agrees_across_it() -> None:
    subject = NounPhrase(ALL, CAT, relative=RelativeClause(SEES, NounPhrase(THE, FIRE_DOG)))
    assert written(Clause(None, subject, SLEEPS)) == (
        "all cat who sees the fire dog sleeps",
        "le gata ki lo ko nino vidint dint",
    )


def test_a_particle_beyond_the_object_changes_the_verb() -> None:
    clause = Clause(None, NounPhrase(THE, CAT), SEES, object=NounPhrase(THE, CAT), particle="off")
    assert written(clause) == ("the cat sees the cat off", "la gata salit la gata")


def test_negation_is_two_words_and_an_adverb_comes_after_the_subject() -> None:
    clause = Clause(None, NounPhrase(THE, CAT), SEES, negated=True, object=NounPhrase(THE, CAT), adverb=TODAY)
    assert written(clause) == ("the cat not sees the cat today", "la gata en hoy ne vidit la gata pa")


def test_a_pronoun_agrees_with_the_subject_of_the_clause_before_not_with_its_object() -> None:
    first = Clause(None, NounPhrase(ALL, FIRE_DOG), SEES, object=NounPhrase(THE, CAT))
    assert written(first, Clause(AND, None, SLEEPS), Clause(BECAUSE, None, SLEEPS)) == (
        "all fire dog sees the cat and it sleeps because it sleeps",
        "li ko nino vidint la gata i elos dint ker elos dint",
    )


def test_links_join_each_target_word_to_its_source_word() -> None:
    clause = Clause(
        None, NounPhrase(THE, FIRE_DOG, [BIG]), SEES, negated=True, object=NounPhrase(THE, CAT), particle="off"
    )
    source, target, links = translate([clause], SMALL)
    assert source == ["the", "big", "fire", "dog", "not", "sees", "the", "cat", "off"]
    assert target == ["lo", "ko", "nino", "gran", "ne", "salit", "la", "gata", "pa"]
    assert links.sure == {(0, 0), (2, 1), (2, 2), (1, 3), (4, 4), (5, 5), (6, 6), (7, 7), (4, 8)}
    assert links.possible - links.sure == {(3, 1), (3, 2), (8, 5)}


@settings(deadline=None)
@given(st.integers(0, 10**9), st.integers(3, 70))
def test_a_sentence_has_the_length_asked_for_and_its_translation_follows_from_its_words(seed: int, length: int) -> None:
    source, target, links, _ = GRAMMAR.pair(Random(seed), length)
    assert len(source) == length
    assert Translator(LEXICON, source).sentence() == target
    assert sorted(j for _, j in links.sure) == list(range(len(target)))
    assert links.sure <= links.possible
    assert all(i < length and j < len(target) for i, j in links.possible)


def test_the_words_of_the_language_are_all_that_sentences_use() -> None:
    source_words, target_words = GRAMMAR.words()
    random = Random(5)
    pairs = [GRAMMAR.pair(random, 40) for _ in range(200)]
    assert {word for pair in pairs for word in pair.source} == set(source_words)
    assert {word for pair in pairs for word in pair.target} == set(target_words)


def test_no_word_means_two_things() -> None:
    """Stems are invented once, so a source word shows its class and a target word is nobody else's translation."""
    lexicon = invent(Random("1/lexicon"), nouns=120, verbs=48, adjectives=40, adverbs=20)
    source = [noun.source[0] for noun in lexicon.nouns.items]
    for group in (lexicon.verbs.items, lexicon.adjectives.items, lexicon.adverbs.items, lexicon.determiners):
        source += [word.source for word in group]
    target = [form for noun in lexicon.nouns.items for form in noun.target]
    target += [form for verb in lexicon.verbs.items for forms in verb.senses.values() for form in forms]
    assert len(set(source)) == len(source) == 120 + 48 + 40 + 20 + 4
    assert len(set(target)) == len(target)


def test_another_seed_invents_another_language() -> None:
    other = Grammar(GrammarOptions(**LENGTHS, **SIZES), 2)
    assert Grammar(GrammarOptions(**LENGTHS, **SIZES), 1).words() == GRAMMAR.words()
    assert len(set(other.words()[0]) & set(GRAMMAR.words()[0])) < 10


def test_a_sentence_shorter_than_a_clause_is_refused(configured: Callable[..., DataConfig]) -> None:
    assert refusal(GrammarOptions, **{**LENGTHS, "shortest": 2}, **SIZES) == (
        "data.options.shortest must be at least 3: the grammar's shortest sentence is a determiner, a noun and a verb. "
        "Received 2."
    )


def test_the_size_of_a_part_is_the_number_of_its_source_words() -> None:
    phrase = NounPhrase(THE, FIRE_DOG, [BIG], RelativeClause(SEES, NounPhrase(THE, CAT)))
    clause = Clause(AND, phrase, SEES, negated=True, object=NounPhrase(THE, CAT), particle="off", adverb=TODAY)
    assert (source_size(phrase), source_size(clause), source_size(None)) == (8, 15, 0)
    assert len(translate([clause], SMALL)[0]) == 15
