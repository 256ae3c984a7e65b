"""Is a difference between two mechanisms more than chance? Two questions, two tests, never mixed.

A, test-set noise: could other test sentences reverse the ranking? `approximate_randomisation`.
B, training noise: could other seeds reverse it? `paired_t`, together with `sign_flip`, which assumes less.

`holm` corrects the p-values of one family, A or B, for all the pairs that are shown together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

from attnbench.scoring.bleu import corpus_bleu
from attnbench.scoring.resampling import swapped_differences

Values = Sequence[float] | npt.NDArray[np.float64]

LEVEL = 0.05
"""Below it a p-value counts as significant."""

SIGN_FLIP_SEEDS = 6
"""The number of seeds from which the sign-flip test can reach `LEVEL`."""

SIGN_PATTERNS = 2**16
"""Sign patterns that are counted at most, in about a second: those of 16 seeds."""

_ROUNDING = 1e-11
"""Share of the scale by which two equal differences may come apart in floating point."""


@dataclass(frozen=True)
class Comparison:
    """A difference (first less second, in the metric's unit) and the two-sided p-value of there being none."""

    difference: float
    p: float


def approximate_randomisation(
    first: npt.ArrayLike, second: npt.ArrayLike, *, generator: np.random.Generator, draws: int = 10_000
) -> Comparison:
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
    difference = float(np.mean(corpus_bleu(one.sum(axis=1)) - corpus_bleu(other.sum(axis=1))))
    drawn = swapped_differences(one, other, generator=generator, draws=draws)
    as_large = int(np.count_nonzero(np.abs(drawn) >= abs(difference) - 100 * _ROUNDING))
    return Comparison(difference, (as_large + 1) / (draws + 1))


def paired_t(first: Values, second: Values) -> Comparison:
    """Test B: paired t over seeds; the n-th value of both comes from the same seed.

    Where all differences are equal their spread is 0: p is then 1 for no difference and 0, the limit, for any other.

    Raises:
        ValueError: the two have different numbers of values, or fewer than two.
    """
    differences = _differences(first, second)
    if len(differences) < 2:
        raise ValueError(
            f"A paired t test needs at least two seeds, received {len(differences)}. Run more seeds of both."
        )
    mean = float(differences.mean())
    if np.ptp(differences) <= np.abs(differences).max() * _ROUNDING:
        return Comparison(mean, float(mean == 0))
    return Comparison(mean, float(stats.ttest_rel(first, second).pvalue))


def sign_flip(first: Values, second: Values, *, generator: np.random.Generator) -> Comparison:
    """Test B without the normal distribution: the share of sign patterns with at least as large a mean.

    If the two systems did not differ, the difference of each seed could as well have had the other sign
    (Fisher 1935, section 21). All 2^n patterns are counted where there are at most `SIGN_PATTERNS`; of more, so many
    are drawn by `generator`.

    Raises:
        ValueError: the two have different numbers of values.
    """
    differences = _differences(first, second)
    result = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=SIGN_PATTERNS, rng=generator
    )
    return Comparison(float(differences.mean()), float(result.pvalue))


def holm(p_values: Values) -> list[float]:
    """Holm's correction: p-values of one family of comparisons, in the given order, that can be read against `LEVEL`.

    The k-th smallest of m is multiplied by m - k + 1, is at least its predecessor, and at most 1 (Holm 1979).

    Raises:
        ValueError: a value is not a probability.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError(f"p-values lie between 0 and 1, received {p.tolist()}. Omit comparisons without one.")
    return multipletests(p, method="holm")[1].tolist()


def smallest_possible_p(seeds: int) -> float:
    """The smallest p that the sign-flip test over so many seeds can give: two of the 2^n sign patterns."""
    return 2.0 ** (1 - seeds)


def needed_t(seeds: int, comparisons: int = 1) -> float:
    """The |t| that a paired t test over so many seeds must exceed to stay below `LEVEL` after Holm, as the smallest p.

    Raises:
        ValueError: there are fewer than two seeds.
    """
    if seeds < 2:
        raise ValueError(f"A paired t test needs at least two seeds, received {seeds}. Run more seeds of both.")
    return float(-special.stdtrit(seeds - 1, LEVEL / comparisons / 2))


def _differences(first: Values, second: Values) -> npt.NDArray[np.float64]:
    if len(first) != len(second):
        raise ValueError(
            f"A paired test needs one value of each system for each seed, received {len(first)} and {len(second)} "
            "values. Compare only the seeds that both systems have."
        )
    return np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
