"""The default data set: a synthetic language pair.

lexicon     the invented words of both languages
syntax      sentences as trees, and how a tree is written in either language
phenomena   which words of a translation show what is hard about it
growth      sentences grown at random to an exact length
"""

from attnbench.data.generated import Generated
from attnbench.data.sets.grammar.growth import Grammar, GrammarOptions

LOADER = Generated(GrammarOptions, Grammar)
