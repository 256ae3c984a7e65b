"""Pairwise differences, each with a test against the noise of the test set and one against the noise of training."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from attnbench.report.elements import Cell, Column, Section, Table, Text
from attnbench.report.estimates import BOTH_VALUES, OVER_SEEDS, OVER_SENTENCES
from attnbench.report.naming import variant_cell
from attnbench.report.pairs import DRAWS, Pair
from attnbench.report.study import Study
from attnbench.report.wording import DASH, counted, number, probability, signed
from attnbench.scoring.significance import LEVEL, SIGN_FLIP_SEEDS, needed_t, smallest_possible_p

_A = (
    "**Test A, noise of the test set**: would other test sentences of the same kind turn the order round? Approximate "
    f"randomisation, stratified by seed, {DRAWS:,} draws; the statistic is the mean over seeds of the corpus-BLEU difference."
)
_B = (
    "**Test B, noise of training**: would other seeds turn it round? Paired t over seeds; from "
    f"{SIGN_FLIP_SEEDS[0]} seeds on with the exact sign-flip test beside it, which assumes no normal distribution."
)


def section(study: Study) -> Section:
    """Both tests of every pair, what they correct for, and what so few seeds cannot show."""
    if not study.pairs:
        reason = "it needs two variants that differ in one factor, with a finished run of the same seed on the same test set."
        return Section("differences", "Pairwise differences", left_out=reason)
    many = len(study.pairs)
    scope = (
        f"{counted(many, 'pair')} of variants that differ in one factor and share seeds and test set. "
        f"Holm's correction covers all {many} within A, and all within B; the two are never mixed. "
        f"A difference is in **bold** only where both corrected p-values are below {LEVEL}."
    )
    return Section("differences", "Pairwise differences", [Text(_A), Text(_B), Text(scope), Text(_limits(study.pairs)), _table(study.pairs)])


def _limits(pairs: Sequence[Pair]) -> str:
    """What the number of seeds cannot show, in numbers."""
    seeds = min(len(pair.seeds) for pair in pairs)
    tested = sum(not np.isnan(pair.b) for pair in pairs)
    if seeds < 2:
        return (
            "**What one seed cannot show**: how much a result would change with another seed. Test B has no value there, so "
            "nothing can be in bold; gaps of this size may be luck. Train each variant with `seed=1,2,3` or more."
        )
    needed = needed_t(seeds, tested)
    text = (
        f"**What {seeds} seeds cannot show**: with {counted(tested, 'comparison')}, the smallest p of test B stays below "
        f"{LEVEL} after Holm only if |t| > {number(needed, 1)}, that is, if the mean difference exceeds "
        f"{number(needed / np.sqrt(seeds), 1)} times the standard deviation of the differences between seeds"
    )
    if seeds < SIGN_FLIP_SEEDS[0]:
        text += (
            f"; the exact sign-flip test could not go below p = {number(smallest_possible_p(seeds), 4)} and is left out"
        )
    return f"{text}. A difference that is not established is not shown to be zero."


def _table(pairs: Sequence[Pair]) -> Table:
    exact = any(not np.isnan(pair.exact) for pair in pairs)
    columns = [
        Column("higher", numeric=False, group="Pair"),
        Column("lower", numeric=False, group="Pair"),
        Column("seeds"),
        Column("difference", "BLEU"),
        Column("p", group="A: test set"),
        Column("p, Holm", group="A: test set"),
        Column("p", group="B: training"),
        Column("p, Holm", group="B: training"),
        *([Column("sign flip, p", group="B: training")] if exact else []),
        Column("beyond the noise of", numeric=False),
    ]
    return Table(
        slug="differences",
        caption="Differences in test BLEU between pairs of variants, largest first",
        columns=tuple(columns),
        rows=tuple(_row(pair, exact) for pair in _ordered(pairs)),
        data=pd.DataFrame([_record(pair) for pair in _ordered(pairs)]),
    )


def _ordered(pairs: Sequence[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda pair: -pair.difference.value)


def _row(pair: Pair, exact: bool) -> tuple[Cell, ...]:
    return (
        variant_cell(pair.first),
        variant_cell(pair.second),
        Cell(str(len(pair.seeds))),
        Cell(signed(pair.difference.value, 2), _interval(pair), strong=pair.established),
        *(Cell(probability(p)) for p in (pair.a, pair.a_holm, pair.b, pair.b_holm)),
        *([Cell(probability(pair.exact))] if exact else []),
        Cell(_verdict(pair), strong=pair.established),
    )


def _interval(pair: Pair) -> str:
    found = pair.difference
    bounds = f"{signed(found.low, 2)}, {signed(found.high, 2)}"
    if found.kind == OVER_SEEDS:
        return f"[{bounds}]"
    if found.kind == BOTH_VALUES:
        return f"both: {bounds}"
    return f"[{bounds}] bootstrap" if found.kind == OVER_SENTENCES else ""


def _verdict(pair: Pair) -> str:
    if pair.established:
        return "both"
    beyond = [name for name, passed in (("test set only", pair.beyond_test_set), ("training only", pair.beyond_training)) if passed]
    return beyond[0] if beyond else DASH


def _record(pair: Pair) -> dict[str, object]:
    return {
        "higher": pair.first.label,
        "lower": pair.second.label,
        "factor": pair.factor,
        "seeds": " ".join(map(str, pair.seeds)),
        "difference": pair.difference.value,
        "difference_low": pair.difference.low,
        "difference_high": pair.difference.high,
        "difference_bounds": pair.difference.kind,
        "a_p": pair.a,
        "a_p_holm": pair.a_holm,
        "b_p": pair.b,
        "b_p_holm": pair.b_holm,
        "sign_flip_p": pair.exact,
        "established": pair.established,
    }
