"""Data sets: text, vocabularies and batches; free of any framework.

`load` turns a configuration into a `Dataset`; `check` tells what is wrong with one before any work; `digests` says what
text it is made of.
"""

from attnbench.data.batches import Batch, BatchPlan, SourceBatch, plan_batches, source_batches
from attnbench.data.corpus import Dataset, Links, Sentences, Split
from attnbench.data.loading import check, digests, load
from attnbench.data.vocabulary import Subwords, Vocabulary, Words, from_dict

__all__ = [
    "Batch",
    "BatchPlan",
    "Dataset",
    "Links",
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
