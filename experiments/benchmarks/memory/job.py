"""What is measured: which attention, on a batch of which size."""

from typing import NamedTuple

UNITS = 512
"""Of the decoder state, an annotation and the score's hidden layer."""

JOBS = {
    "dot": ("attention=dot",),
    "additive": ("attention=bahdanau", "attention.query_time=current"),
    "bahdanau": ("attention=bahdanau",),
}
"""What makes each variant of the default run."""


class Size(NamedTuple):
    """Sentences of a batch, and tokens of each on either side."""

    batch: int
    source: int
    target: int


class Job(NamedTuple):
    """A name of `JOBS`, and the size of its batch."""

    variant: str
    size: Size
