"""Differences between variants, each with one interval and one test, in families that are corrected together."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from attnbench.checks import suggestion
from attnbench.metrics import metric_of
from attnbench.report.comparison.estimates import NAN, Estimate, Redraws, estimate, estimate_of, scores_of
from attnbench.report.comparison.redrawn import same_test_set
from attnbench.report.comparison.variants import Variant, is_procedure
from attnbench.report.sources.runs import Run
from attnbench.scoring.inference import LEVEL, holm
from attnbench.scoring.length import BEYOND, LIMITED, WITHIN
from attnbench.scoring.measures import BLEU

FURTHER = (
    "length/slope",
    "length/retention",
    "length/extrapolation",
    "test/exact_match",
    "test/perplexity",
    "align/aer_within",
    "align/aer_beyond",
)
"""The metrics that are compared after BLEU, in one family."""

_BY_LIMIT = {key for keys in LIMITED.values() for key in keys}
"""The metrics of the test sentences on one side of the training limit."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Two variants compared in one metric over the seeds that both have.

    Attributes:
        key: the metric.
        first: the variant with the better mean.
        second: the other.
        options: the options in which their runs differ.
        seeds: those that both have.
        difference: mean over the seeds of first less second; on a ratio scale, of first ÷ second.
        p: two-sided p-value of no difference, NaN with fewer than three seeds.
        p_holm: after Holm's correction over the family.
        equivalence_p_holm: of the two one-sided tests against the margin, after Holm's correction; NaN without one.
    """

    key: str
    first: Variant
    second: Variant
    options: tuple[str, ...]
    seeds: tuple[int, ...]
    difference: Estimate
    p: float
    p_holm: float = NAN
    equivalence_p_holm: float = NAN

    @property
    def distinguished(self) -> bool:
        """Whether other seeds and other sentences would most likely give a difference of the same sign."""
        return self.p_holm < LEVEL

    @property
    def equivalent(self) -> bool:
        """Whether the difference is smaller than the margin, most likely."""
        return self.equivalence_p_holm < LEVEL


@dataclass(frozen=True, eq=False)
class Family:
    """Comparisons that the reader sees together and that Holm's correction covers together; `slug` names its table."""

    slug: str
    name: str
    pairs: tuple[Pair, ...]

    @cached_property
    def tested(self) -> tuple[Pair, ...]:
        """Those with a p-value."""
        return tuple(pair for pair in self.pairs if not np.isnan(pair.p))

    def detectable(self, pair: Pair) -> float:
        """The difference that is found with probability 0.8 at the spread of `pair`; NaN without a p-value."""
        found = pair.difference.crossed
        return NAN if found is None else found.detectable(len(self.tested))


@dataclass(frozen=True)
class Scope:
    """Which pairs are compared.

    Attributes:
        against: the mechanism that all others are compared with; None for all pairs.
        across: whether settings are compared with each other as well.
        margin: BLEU points below which a difference does not matter; None asks for no test of equivalence.
    """

    against: str | None = None
    across: bool = False
    margin: float | None = None


def families_of(variants: Sequence[Variant], scope: Scope) -> tuple[Family, ...]:
    """BLEU within and beyond the training limit, or of the whole test set where nothing lies beyond; further metrics.

    Raises:
        ValueError: no variant is of the mechanism `scope.against`.
    """
    names = sorted({variant.attention for variant in variants})
    if scope.against is not None and scope.against not in names:
        raise ValueError(
            f"Unknown against={scope.against}. Known: {', '.join(names)}.{suggestion(scope.against, names)}"
        )
    sides = _sides(variants, scope)
    parts = [key for key in (WITHIN, BEYOND) if any(_has(one, key) and _has(other, key) for one, other in sides)]
    primary = {"within": WITHIN, "beyond": BEYOND} if len(parts) == 2 else {"bleu": BLEU}
    families = [
        Family(f"differences-{slug}", metric_of(key).name, _pairs(sides, [key], scope.margin))
        for slug, key in primary.items()
    ]
    families.append(Family("differences-further", "further metrics", _pairs(sides, FURTHER, None)))
    return tuple(family for family in families if family.pairs)


def _sides(variants: Sequence[Variant], scope: Scope) -> list[tuple[Variant, Variant]]:
    """The pairs of variants to compare: of mechanisms in one setting, and those that differ in one other factor."""
    mechanisms, settings = [], []
    for one, other in itertools.combinations(variants, 2):
        factors = [key for key, value in one.values.items() if other.values[key] != value]
        if factors == ["attention"] and scope.against in (None, one.attention, other.attention):
            mechanisms.append((one, other))
        elif len(factors) == 1 and factors[0] not in ("attention", "data"):
            settings.append((one, other))
    return mechanisms + settings if scope.across or not mechanisms else mechanisms


def _has(variant: Variant, key: str) -> bool:
    return not np.isnan(estimate_of(variant, key).value)


def _pairs(sides: Iterable[tuple[Variant, Variant]], keys: Sequence[str], margin: float | None) -> tuple[Pair, ...]:
    found = [_compare(one, other, key) for key in keys for one, other in sides]
    pairs = [pair for pair in found if pair is not None]
    corrected = holm([pair.p for pair in pairs])
    equivalences = holm([_equivalence_p(pair, margin) for pair in pairs])
    return tuple(
        replace(pair, p_holm=p, equivalence_p_holm=equivalence)
        for pair, p, equivalence in zip(pairs, corrected, equivalences, strict=True)
    )


def _equivalence_p(pair: Pair, margin: float | None) -> float:
    found = pair.difference.crossed
    return NAN if found is None or margin is None else found.equivalence_p(margin)


def _compare(one: Variant, other: Variant, key: str) -> Pair | None:
    """The two in one metric, the better one first; None where no seed has it on the same test set in both."""
    by_limit = key.startswith("length/") or key in _BY_LIMIT
    if by_limit and one.values.get("sequence_length") != other.values.get("sequence_length"):
        return None  # another limit divides the test set in another place
    by_seed = {run.seed: run for run in other.runs}
    shared = [(run, by_seed[run.seed]) for run in one.runs if run.seed in by_seed]
    shared = [(a, b) for a, b in shared if same_test_set(a, b)]
    sides = [scores_of([pair[side] for pair in shared], key) for side in (0, 1)] if shared else []
    if not sides or any(len(values) < len(shared) for values, _ in sides):
        return None
    metric = metric_of(key)
    (values, redraws), (others, other_redraws) = sides
    both = None if redraws is None or other_redraws is None else (redraws, other_redraws)
    if metric.direction.sign * (np.mean(values) - np.mean(others)) < 0:
        one, other, values, others = other, one, others, values
        both = both and both[::-1]
    difference = _difference(values, others, both, ratio_scale=metric.on_ratio_scale)
    p = NAN if difference.crossed is None else difference.crossed.p
    return Pair(key, one, other, _options(*shared[0]), tuple(run.seed for run, _ in shared), difference, p)


def _difference(
    values: Sequence[float], others: Sequence[float], redraws: tuple[Redraws, Redraws] | None, *, ratio_scale: bool
) -> Estimate:
    """First less second, seed by seed; first ÷ second on a ratio scale."""
    if not ratio_scale:
        return estimate(np.subtract(values, others).tolist(), redraws and redraws[0] - redraws[1])
    positive = redraws is not None and all((draws > 0).all() for draws in redraws)
    with np.errstate(divide="ignore", invalid="ignore"):
        quotients = np.divide(values, others).tolist()
    return estimate(quotients, redraws[0] / redraws[1] if redraws and positive else None, ratio_scale=True)


def _options(one: Run, other: Run) -> tuple[str, ...]:
    """The options in which two runs differ, the name of the mechanism aside."""
    keys = sorted(one.params.keys() | other.params.keys())
    return tuple(
        key
        for key in keys
        if key not in ("attention", "attention.name")
        and not is_procedure(key)
        and one.params.get(key) != other.params.get(key)
    )
