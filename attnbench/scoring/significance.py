"""Is a difference between two mechanisms more than chance? Two questions, two tests, never mixed.

A, test-set noise: could other test sentences reverse the ranking? `approximate_randomisation`.
B, training noise: could other seeds reverse it? `paired_t`, together with `sign_flip`, which assumes less.

`holm` corrects the p-values of one family, A or B, for all the pairs that are shown together.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

from attnbench.scoring.bleu import corpus_bleu, swapped_differences

LEVEL = 0.05
"""Below it a p-value counts as significant."""

SIGN_FLIP_SEEDS = 6
"""The number of seeds from which the sign-flip test can reach `LEVEL`."""

SIGN_PATTERNS = 2**16
"""Sign patterns that are counted at most, in about a second: those of 16 seeds."""

_ROUNDING = 1e-11
"""Share of the scale by which two equal differences may come apart in floating point."""


def approximate_randomisation(
    first: npt.ArrayLike, second: npt.ArrayLike, *, generator: np.random.Generator, draws: int = 10_000
) -> float:
    """Test A: approximate randomisation over sentences, stratified by seed (Noreen 1989; Riezler and Maxwell 2005).

    If the two systems did not differ, then within every seed each sentence's two translations could change places.
    The statistic is the mean over seeds of the corpus-BLEU difference; p = (c + 1) / (draws + 1), with c the draws
    whose difference is at least as large, in either direction, as the one observed.

    `first` and `second` are BLEU statistics `(seeds, sentences, 10)` of the same seeds and sentences, in one order.

    Raises:
        ValueError: the two are not of one shape.
    """
    one, other = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if one.shape != other.shape or one.ndim != 3:
        raise ValueError(
            "Approximate randomisation needs statistics (seeds, sentences, 10) of the same seeds and sentences, "
            f"received shapes {one.shape} and {other.shape}. Compare only the seeds that both systems have."
        )
    observed = abs(np.mean(corpus_bleu(one.sum(axis=1)) - corpus_bleu(other.sum(axis=1))))
    drawn = np.abs(swapped_differences(one, other, generator=generator, draws=draws))
    return (int(np.count_nonzero(drawn >= observed - 100 * _ROUNDING)) + 1) / (draws + 1)


def paired_t(differences: Sequence[float]) -> float:
    """Test B: paired t over the differences of at least two seeds.

    Where all differences are equal their spread is 0: p is then 1 for no difference and 0, the limit, for any other.
    """
    if np.ptp(differences) <= np.abs(differences).max() * _ROUNDING:
        return float(np.mean(differences) == 0)
    return float(stats.ttest_1samp(differences, 0).pvalue)


def sign_flip(differences: Sequence[float], *, generator: np.random.Generator) -> float:
    """Test B without the normal distribution: the share of sign patterns with at least as large a mean.

    If the two systems did not differ, the difference of each seed could as well have had the other sign
    (Fisher 1935, section 21). All 2^n patterns are counted where there are at most `SIGN_PATTERNS`; of more, so many
    are drawn by `generator`.
    """
    result = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=SIGN_PATTERNS, rng=generator
    )
    return float(result.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction of the p-values of one family, to be read against `LEVEL`; NaN stays and is not counted.

    The k-th smallest of m is multiplied by m - k + 1, is at least its predecessor, and at most 1 (Holm 1979).
    """
    p = np.array(p_values, dtype=np.float64)
    defined = ~np.isnan(p)
    p[defined] = multipletests(p[defined], method="holm")[1]
    return list(p.tolist())


def smallest_possible_p(seeds: int) -> float:
    """The smallest p that the sign-flip test over so many seeds can give: two of the 2^n sign patterns."""
    return 2.0 ** (1 - seeds)


def needed_t(seeds: int, comparisons: int = 1) -> float:
    """The |t| above which a paired t over so many seeds stays below `LEVEL` after Holm, as the smallest p."""
    return float(-special.stdtrit(seeds - 1, LEVEL / comparisons / 2))
