"""Pairwise differences, each with a test against the noise of the test set and one against the noise of training."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from attnbench.report.comparison.estimates import BOTH_VALUES, KINDS
from attnbench.report.comparison.pairs import DRAWS, Pair
from attnbench.report.comparison.study import Study
from attnbench.report.render.elements import Cell, Column, Section, Table, Text
from attnbench.report.render.naming import others_cell, value_cell
from attnbench.report.render.wording import probability
from attnbench.scoring.significance import LEVEL, SIGN_FLIP_SEEDS, needed_t, smallest_possible_p
from attnbench.wording import DASH, counted, number, signed

_A = (
    "**Test A, noise of the test set**: would other test sentences of the same kind turn the order round? Approximate "
    f"randomisation, stratified by seed, {DRAWS:,} draws; the statistic is the mean over seeds of the difference in "
    "corpus BLEU."
)
_B = (
    "**Test B, noise of training**: would other seeds turn it round? Paired t over seeds; from "
    f"{SIGN_FLIP_SEEDS[0]} seeds on with the exact sign-flip test beside it, which assumes no normal distribution."
)


def section(study: Study) -> Section:
    """Both tests of every pair, what they correct for, and what so few seeds cannot show."""
    if not study.pairs:
        reason = "it needs two variants that differ in one factor and share a seed and the test set."
        return Section("differences", "Pairwise differences", left_out=reason)
    texts = [Text(text) for text in (_A, _B, _scope(len(study.pairs)), _limits(study.pairs))]
    return Section("differences", "Pairwise differences", [*texts, _table(study.pairs)])


def _scope(many: int) -> str:
    pairs = "The only pair" if many == 1 else f"The {many} pairs"
    return (
        f"{pairs} of variants that differ in one factor and share seeds and test set. Holm's correction covers all "
        "pairs within A, and all within B; the two tests are never mixed. "
        f"A difference is in **bold** only where both corrected p-values are below {LEVEL}."
    )


def _limits(pairs: Sequence[Pair]) -> str:
    """What so few seeds cannot show, in numbers."""
    tested = [len(pair.seeds) for pair in pairs if not np.isnan(pair.b)]
    single = len(pairs) - len(tested)
    alone = (
        f"**What one seed cannot show** ({counted(single, 'pair')}): how much a result would change with another seed. "
        "Test B has no value there, so the difference cannot be in bold; it may be luck. Train with `seed=1,2,3`."
    )
    return " ".join([*([alone] if single else []), *([_few(min(tested), len(tested))] if tested else [])])


def _few(seeds: int, tested: int) -> str:
    needed = needed_t(seeds, tested)
    text = (
        f"**What {seeds} seeds cannot show**: with {counted(tested, 'comparison')}, the smallest p of test B stays "
        f"below {LEVEL} after Holm only if |t| > {number(needed, 1)}, that is, if the mean difference exceeds "
        f"{number(needed / np.sqrt(seeds), 1)} times the standard deviation of the differences between seeds"
    )
    if seeds < SIGN_FLIP_SEEDS[0]:
        text += f"; the exact sign-flip test could not go below p = {smallest_possible_p(seeds):g} and is left out"
    return f"{text}. A difference that is not established is not shown to be zero."


def _table(pairs: Sequence[Pair]) -> Table:
    exact = any(not np.isnan(pair.exact) for pair in pairs)
    columns = [
        Column("higher", numeric=False, group="pair"),
        Column("lower", numeric=False, group="pair"),
        *([Column("in both", numeric=False, group="pair")] if _several_factors(pairs) else []),
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
        rows=tuple(_row(pair, exact=exact, several=_several_factors(pairs)) for pair in _ordered(pairs)),
        data=pd.DataFrame([_record(pair) for pair in _ordered(pairs)]),
    )


def _ordered(pairs: Sequence[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda pair: -pair.difference.value)


def _several_factors(pairs: Sequence[Pair]) -> bool:
    return len(pairs[0].first.values) > 1


def _row(pair: Pair, *, exact: bool, several: bool) -> tuple[Cell, ...]:
    return (
        value_cell(pair.first, pair.factor),
        value_cell(pair.second, pair.factor),
        *([others_cell(pair.first, pair.factor)] if several else []),
        Cell(str(len(pair.seeds)), KINDS.get(pair.difference.kind, "")),
        Cell(signed(pair.difference.value, 2), _interval(pair), strong=pair.established),
        *(Cell(probability(p)) for p in (pair.a, pair.a_holm, pair.b, pair.b_holm)),
        *([Cell(probability(pair.exact))] if exact else []),
        Cell(_verdict(pair), strong=pair.established),
    )


def _interval(pair: Pair) -> str:
    found = pair.difference
    bounds = f"{signed(found.low, 2)}, {signed(found.high, 2)}"
    if found.kind == BOTH_VALUES:
        return bounds
    return f"[{bounds}]" if found.bounded else ""


def _verdict(pair: Pair) -> str:
    if pair.established:
        return "both"
    if pair.beyond_test_set:
        return "test set only"
    return "training only" if pair.beyond_training else DASH


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
