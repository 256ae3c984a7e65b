"""A language of six content words that reads like English, and one invented as the grammar invents its own."""

from random import Random

from attnbench.data.sets.grammar.growth import Grammar, GrammarOptions
from attnbench.data.sets.grammar.lexicon import Determiner, Frequencies, Lexicon, Noun, Verb, Word, invent

SIZES = {"nouns": 23, "verbs": 13, "adjectives": 7, "adverbs": 11}
LEXICON = invent(Random("1/lexicon"), **SIZES)
LENGTHS = {"train_pairs": 1, "valid_pairs": 1, "test_pairs": 1, "shortest": 5, "middle": 20, "longest": 60}
GRAMMAR = Grammar(GrammarOptions(**LENGTHS, **SIZES), 1)

THE, ALL = Determiner("the", False, ("la", "lo")), Determiner("all", True, ("le", "li"))
CAT, FIRE_DOG = Noun(("cat",), ("gata",), 0), Noun(("fire", "dog"), ("ko", "nino"), 1)
SEES, SLEEPS = (
    Verb("sees", {"": ("vidit", "vidint"), "off": ("salit", "salint")}),
    Verb("sleeps", {"": ("dit", "dint")}),
)
BIG, RED, TODAY = Word("big", ("gran",)), Word("red", ("roj",)), Word("today", ("en", "hoy"))
AND, BECAUSE = Word("and", ("i",)), Word("because", ("ker",))
SMALL = Lexicon(
    determiners=(THE, ALL),
    nouns=Frequencies([CAT, FIRE_DOG]),
    adjectives=Frequencies([BIG, RED]),
    verbs=Frequencies([SEES, SLEEPS]),
    adverbs=Frequencies([TODAY]),
    coordinators=(AND,),
    subordinators=(BECAUSE,),
    relative=Word("who", ("ki",)),
    negation=Word("not", ("ne", "pa")),
    pronoun="it",
    pronoun_forms=(("ela", "eles"), ("elo", "elos")),
)
