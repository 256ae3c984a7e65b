"""Data sets: text, vocabularies and batches; free of any framework.

`load` turns a configuration into a `Dataset`; `check` finds its faults before any work; `digests` identifies its text.

sets                                the data sets, a module each
generated, parallel                 the two kinds of them: text that is generated, text that is read
text, download, cache               files
loading, vocabulary                 from text to ids
corpus                              the forms of the data on the way
batches, shapes                     from ids to batches
"""

from attnbench.data.batches import Batch, BatchPlan, SourceBatch, plan_batches, source_batches
from attnbench.data.corpus import Dataset, Links, Pairs, Phenomena, Sentences, Split
from attnbench.data.loading import check, digests, load
from attnbench.data.vocabulary import Subwords, Vocabulary, Words, from_dict

__all__ = [
    "Batch",
    "BatchPlan",
    "Dataset",
    "Links",
    "Pairs",
    "Phenomena",
    "Sentences",
    "SourceBatch",
    "Split",
    "Subwords",
    "Vocabulary",
    "Words",
    "check",
    "digests",
    "from_dict",
    "load",
    "plan_batches",
    "source_batches",
]
