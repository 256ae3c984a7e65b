"""Pairwise differences, each with a test against the noise of the test set and one against the noise of training."""

from collections.abc import Callable, Sequence

import numpy as np

from attnbench.report.comparison.estimates import Bounds
from attnbench.report.comparison.pairs import DRAWS, Pair
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant
from attnbench.report.options import option_value
from attnbench.report.render.elements import Cell, Content, Field, Table, Text
from attnbench.report.render.fields import estimate_values
from attnbench.scoring.significance import LEVEL, SIGN_FLIP_SEEDS, needed_t, smallest_possible_p
from attnbench.wording import DASH, counted, number, probability, signed

_A = (
    "**Test A, noise of the test set**: could other test sentences of the same kind reverse the ranking? Approximate "
    f"randomisation, stratified by seed, {DRAWS:,} draws; the statistic is the mean over seeds of the difference in "
    "corpus BLEU."
)
_B = (
    "**Test B, noise of training**: could other seeds reverse the ranking? Paired t over seeds; from "
    f"{SIGN_FLIP_SEEDS} seeds on together with the sign-flip test, which assumes no normal distribution."
)


def content(study: Study) -> Content:
    """Both tests of every pair, what they correct for, and what so few seeds cannot show."""
    if not study.pairs:
        return "it needs two variants that differ in one factor and share a seed and the test set."
    pairs = "The only pair" if len(study.pairs) == 1 else f"The {len(study.pairs)} pairs"
    scope = (
        f"{pairs} of variants that differ in one factor and share seeds and test set. Holm's correction covers all "
        "pairs within A, and all within B; the two tests are never mixed. "
        f"A difference is in **bold** only where both corrected p-values are below {LEVEL}."
    )
    return [*map(Text, (_A, _B, scope, _limits(study.pairs))), _table(study.pairs)]


def _limits(pairs: Sequence[Pair]) -> str:
    """What so few seeds cannot show, in numbers."""
    tested = [len(pair.seeds) for pair in pairs if not np.isnan(pair.b)]
    texts = []
    if single := len(pairs) - len(tested):
        texts.append(
            f"**What one seed cannot show** ({counted(single, 'pair')}): how much a result would change with another "
            "seed. Test B has no value there, so the difference cannot be in bold; it may be chance. Train with "
            "`seed=1,2,3`."
        )
    if tested:
        seeds = min(tested)
        needed = needed_t(seeds, len(tested))
        text = (
            f"**What {seeds} seeds cannot show**: with {counted(len(tested), 'comparison')}, the smallest p of test B "
            f"stays below {LEVEL} after Holm only if |t| > {number(needed, 1)}, that is, if the mean difference "
            f"exceeds {number(needed / np.sqrt(seeds), 1)} times the standard deviation of the differences between "
            "seeds"
        )
        if seeds < SIGN_FLIP_SEEDS:
            text += f"; the sign-flip test could not go below p = {smallest_possible_p(seeds):g} and is omitted"
        texts.append(f"{text}. A difference that is not established is not shown to be zero.")
    return " ".join(texts)


def _table(pairs: Sequence[Pair]) -> Table[Pair]:
    several_factors = len(pairs[0].first.values) > 1
    flipped = any(not np.isnan(pair.sign_flip) for pair in pairs)
    return Table(
        slug="differences",
        caption="Differences in test BLEU between pairs of variants, largest first",
        fields=(
            _side("higher", lambda pair: pair.first),
            _side("lower", lambda pair: pair.second),
            *([Field("in both", _others, lambda pair: {}, group="pair", numeric=False)] if several_factors else []),
            Field(
                "seeds",
                lambda pair: Cell(str(len(pair.seeds)), pair.difference.bounds.label),
                lambda pair: {"factor": pair.factor, "seeds": " ".join(map(str, pair.seeds))},
            ),
            Field("difference", _difference, lambda pair: estimate_values("difference", pair.difference), "BLEU"),
            _p_value("p", "a_p", lambda pair: pair.a, "A: test set"),
            _p_value("p, Holm", "a_p_holm", lambda pair: pair.a_holm, "A: test set"),
            _p_value("p", "b_p", lambda pair: pair.b, "B: training"),
            _p_value("p, Holm", "b_p_holm", lambda pair: pair.b_holm, "B: training"),
            *([_p_value("sign flip, p", "sign_flip_p", lambda pair: pair.sign_flip, "B: training")] if flipped else []),
            Field(
                "beyond the noise of",
                lambda pair: Cell(_verdict(pair), strong=pair.established),
                lambda pair: {"established": pair.established},
                numeric=False,
            ),
        ),
        rows=sorted(pairs, key=lambda pair: -pair.difference.value),
    )


def _side(name: str, variant: Callable[[Pair], Variant]) -> Field[Pair]:
    """The value by which one of the two variants differs from the other."""

    def cell(pair: Pair) -> Cell:
        one = variant(pair)
        mechanism = one.attention if pair.factor == "attention" else ""
        return Cell(option_value(pair.factor, one.values[pair.factor]), mechanism=mechanism)

    return Field(name, cell, lambda pair: {name: variant(pair).label}, group="pair", numeric=False)


def _others(pair: Pair) -> Cell:
    """The values of all other factors."""
    values = " · ".join(pair.first.factors_without(pair.factor))
    return Cell(values, mechanism=pair.first.attention if pair.factor != "attention" else "")


def _difference(pair: Pair) -> Cell:
    found = pair.difference
    bounds = f"{signed(found.low, 2)}, {signed(found.high, 2)}"
    if found.bounds is not Bounds.BOTH_VALUES:
        bounds = f"[{bounds}]" if found.bounded else ""
    return Cell(signed(found.value, 2), bounds, strong=pair.established)


def _p_value(header: str, key: str, p: Callable[[Pair], float], group: str) -> Field[Pair]:
    return Field(header, lambda pair: Cell(probability(p(pair))), lambda pair: {key: p(pair)}, group=group)


def _verdict(pair: Pair) -> str:
    if pair.established:
        return "both"
    if pair.beyond_test_set:
        return "test set only"
    return "training only" if pair.beyond_training else DASH
