"""BLEU by source length of a variant: the mean over its seeds in each length bucket."""

import numpy as np

from attnbench.report.comparison.estimates import generator
from attnbench.report.comparison.variants import Variant
from attnbench.scoring.length import Bucket, bucket_bleu


def length_buckets(variant: Variant) -> list[Bucket]:
    """Shortest first; none without sentence statistics, or where every bucket has too few sentences."""
    rows = [run.sentences for run in variant.runs if run.sentences is not None]
    same = [one for one in rows if np.array_equal(one[:, [0, -1]], rows[0][:, [0, -1]])]
    if not same:
        return []
    statistics, lengths = np.stack(same)[..., 1:], same[0][:, 0]
    return bucket_bleu(statistics, lengths, generator=generator(f"length {variant.label}"))
