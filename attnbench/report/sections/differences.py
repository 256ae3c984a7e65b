"""Differences between variants: a figure of intervals, and a table for each family of comparisons."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes

from attnbench.metrics import metric_of
from attnbench.report.comparison.estimates import Bounds, Estimate
from attnbench.report.comparison.pairs import Family, Pair, Scope
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant
from attnbench.report.options import option_value
from attnbench.report.render.elements import Block, Cell, Content, Field, Figure, Panel, Table, Text
from attnbench.report.render.fields import estimate_values, text_field
from attnbench.report.render.style import FRONT, INK, Style
from attnbench.scoring.inference import LEAST_SEEDS, LEVEL, POWER
from attnbench.scoring.redraws import DRAWS
from attnbench.wording import DASH, counted, number, probability, signed

_METHOD = (
    "Each difference has one interval and one p-value, for a new training run on new test sentences: seeds and "
    "sentences are crossed, and both vary (Cochran's approximation; the same redrawn test sets for all runs, at most "
    f"{DRAWS:,}). The parts are half of the interval if only seeds, or only sentences, varied: the larger one says "
    "what to buy next."
)
_WORDS = (
    "Holm's correction covers all comparisons of a table. A difference is **distinguished** where its corrected p is "
    f"below {LEVEL}. One that is not distinguished is not shown to be zero."
)
_OPTIONS = (
    "Where more than one option differs, the difference is that of the presets and cannot be attributed to one option."
)


def content(study: Study) -> Content:
    """How differences are tested, what this study can find, and every comparison."""
    if not study.families:
        return "it needs two variants that differ in one factor and share a seed and the test set."
    texts = [_METHOD, _WORDS, _OPTIONS, _few_seeds(study.families), *map(_detectable, study.families), _floor(study)]
    blocks: list[Block] = [Text(text) for text in texts if text]
    drawn = [family for family in study.families if len({pair.key for pair in family.pairs}) == 1]
    if any(pair.difference.bounds.is_interval for family in drawn for pair in family.pairs):
        blocks.append(_figure(drawn))
    return [*blocks, *(_table(family, study.scope) for family in study.families)]


def _few_seeds(families: Sequence[Family]) -> str:
    few = {len(pair.seeds) for family in families for pair in family.pairs if len(pair.seeds) < LEAST_SEEDS}
    if not few:
        return ""
    count = "One seed shows" if few == {1} else "Fewer than three seeds show"
    return (
        f"{count} how a difference varies with the test sentences at most: what another seed would give is unknown, so "
        "there is no p-value. Train with `seed=1,2,3` or more."
    )


def _floor(study: Study) -> str:
    if not any(pair.key.startswith("length/") for family in study.families for pair in family.pairs):
        return ""
    return (
        "Slope, retention and the quotient beyond ÷ within compare how far BLEU falls with length. Read them only "
        "where BLEU within the limit is comparable: a model that translates nothing falls least."
    )


def _detectable(family: Family) -> str:
    """What the family's study could have found, where it is one of differences in one metric."""
    found = [family.detectable(pair) for pair in family.tested]
    if not found or len({pair.key for pair in family.pairs}) > 1:
        return ""
    low, high = (number(bound, 2) for bound in (min(found), max(found)))
    seeds = min(len(pair.seeds) for pair in family.tested)
    span = low if low == high else f"{low} to {high}, depending on the pair,"
    return (
        f"**What {counted(seeds, 'seed')} can find** in {family.name}, with {counted(len(found), 'comparison')}: a "
        f"difference of {span} is found with a probability of {number(100 * POWER, 0)} %."
    )


def _table(family: Family, scope: Scope) -> Table[Pair]:
    several = len({pair.key for pair in family.pairs}) > 1
    return Table(
        slug=family.slug,
        caption=f"Differences in {family.name}",
        fields=(
            *([text_field("metric", lambda pair: metric_of(pair.key).name)] if several else []),
            *_pair_fields(any(_others(pair).text for pair in family.pairs)),
            Field("difference", _difference, lambda pair: estimate_values("difference", pair.difference)),
            Field(
                "verdict",
                lambda pair: Cell(_verdict(pair), strong=pair.distinguished),
                lambda pair: {"distinguished": pair.distinguished},
                numeric=False,
            ),
            *(_test_fields(family, None if several else scope.margin) if family.tested else []),
            Field(
                "seeds",
                lambda pair: Cell(str(len(pair.seeds))),
                lambda pair: {"seeds": " ".join(map(str, pair.seeds))},
            ),
        ),
        rows=family.pairs if several else _ordered(family),
        folded=several,
    )


def _pair_fields(settings: bool) -> list[Field[Pair]]:
    """What tells the two variants apart, and what they share where there are several settings."""
    return [
        _side("better mean", lambda pair: pair.first),
        _side("other", lambda pair: pair.second),
        *([Field("in both", _others, lambda pair: {}, group="pair", numeric=False)] if settings else []),
        text_field("options that differ", _options, group="pair", prose=True),
    ]


def _test_fields(family: Family, margin: float | None) -> list[Field[Pair]]:
    """What needs three seeds."""
    return [
        _p_value("p, Holm", "p_holm", lambda pair: pair.p_holm),
        *([] if margin is None else _margin_fields(margin)),
        _width("seeds alone", "seed_half_width", lambda pair: _half_widths(pair.difference)[0], "parts"),
        _width("sentences alone", "sentence_half_width", lambda pair: _half_widths(pair.difference)[1], "parts"),
        Field(
            "detectable",
            lambda pair: Cell(_factor(pair, family.detectable(pair)).lstrip("± ")),
            lambda pair: {"detectable": family.detectable(pair)},
        ),
        _p_value("p", "p", lambda pair: pair.p),
    ]


def _margin_fields(margin: float) -> list[Field[Pair]]:
    return [
        _p_value(f"equal within {margin:g}: p, Holm", "equivalence_p_holm", lambda pair: pair.equivalence_p_holm),
        Field(
            f"equal within {margin:g}",
            lambda pair: Cell("yes" if pair.equivalent else DASH),
            lambda pair: {"equivalent": pair.equivalent},
            numeric=False,
        ),
    ]


def _side(name: str, variant: Callable[[Pair], Variant]) -> Field[Pair]:
    """The values by which one of the two variants differs from the other."""

    def cell(pair: Pair) -> Cell:
        one, other = variant(pair), pair.second if variant(pair) is pair.first else pair.first
        differing = [key for key, value in one.values.items() if other.values[key] != value]
        text = " · ".join(option_value(key, one.values[key]) for key in differing)
        return Cell(text, mechanism=one.attention if "attention" in differing else "")

    return Field(name, cell, lambda pair: {name: variant(pair).label}, group="pair", numeric=False)


def _others(pair: Pair) -> Cell:
    """The values of the factors that both variants share."""
    shared = [option_value(key, value) for key, value in pair.first.values.items() if pair.second.values[key] == value]
    return Cell(" · ".join(shared))


def _options(pair: Pair) -> str:
    return ", ".join(key.removeprefix("attention.") for key in pair.options) or DASH


def _on_ratio_scale(pair: Pair) -> bool:
    return metric_of(pair.key).on_ratio_scale


def _decimals(pair: Pair) -> int:
    return metric_of(pair.key).decimals or 2


def _difference(pair: Pair) -> Cell:
    found = pair.difference
    if _on_ratio_scale(pair):
        text, low, high = (number(one, 3) for one in (found.value, found.low, found.high))
        text = f"× {text}"
    else:
        text, low, high = (signed(one, _decimals(pair)) for one in (found.value, found.low, found.high))
    bounds = f"{low}, {high}" if found.bounded else ""
    return Cell(text, f"[{bounds}]" if found.bounds.is_interval else bounds, strong=pair.distinguished)


def _half_widths(difference: Estimate) -> tuple[float, float]:
    found = difference.crossed
    if found is None:
        return float("nan"), float("nan")
    sentences = found.sentence_half_width if difference.bounds is Bounds.OVER_BOTH else float("nan")
    return found.seed_half_width, sentences


def _factor(pair: Pair, width: float) -> str:
    """A distance from no difference: in the metric's unit, or a factor on a ratio scale."""
    if np.isnan(width):
        return DASH
    return f"×÷ {number(np.exp(width), 3)}" if _on_ratio_scale(pair) else f"± {number(width, _decimals(pair))}"


def _width(header: str, key: str, width: Callable[[Pair], float], group: str = "") -> Field[Pair]:
    return Field(header, lambda pair: Cell(_factor(pair, width(pair))), lambda pair: {key: width(pair)}, group=group)


def _p_value(header: str, key: str, p: Callable[[Pair], float]) -> Field[Pair]:
    return Field(header, lambda pair: Cell(probability(p(pair))), lambda pair: {key: p(pair)})


def _verdict(pair: Pair) -> str:
    if np.isnan(pair.p):
        return "not tested"
    return "distinguished" if pair.distinguished else "not distinguished"


def _figure(families: Sequence[Family]) -> Figure:
    panels = [
        Panel(f"difference in {family.name}", partial(_draw, family), 4.8, 0.75 + 0.24 * len(family.pairs))
        for family in families
    ]
    spoken = " ".join(
        f"{family.name}: {'; '.join(f'{_title(pair)} {_shown(pair)}' for pair in _ordered(family))}."
        for family in families
    )
    return Figure(
        slug="differences",
        alt=f"Differences with their intervals. {spoken}",
        caption="Differences, better mean less other. Bars: 95 % intervals, before Holm's correction; filled marks are "
        "distinguished after it.",
        panels=panels,
    )


def _ordered(family: Family) -> list[Pair]:
    return sorted(family.pairs, key=lambda pair: -pair.difference.value)


def _shown(pair: Pair) -> str:
    cell = _difference(pair)
    return f"{cell.text} {cell.detail}".strip()


def _title(pair: Pair) -> str:
    one, other = _side("", lambda pair: pair.first), _side("", lambda pair: pair.second)
    setting = _others(pair).text
    return f"{one.cell(pair).text} − {other.cell(pair).text}{f' ({setting})' if setting else ''}"


def _draw(family: Family, axes: Axes, styles: Mapping[str, Style]) -> None:
    pairs = _ordered(family)
    for row, pair in enumerate(pairs):
        found = pair.difference
        axes.errorbar(
            found.value,
            row,
            xerr=found.error if found.bounds.is_interval else None,
            color=INK,
            marker="o",
            markersize=5,
            markerfacecolor=INK if pair.distinguished else "none",
            capsize=2.5,
            elinewidth=1,
        )
    axes.axvline(0, color=FRONT, linewidth=1, zorder=1)
    axes.set_yticks(range(len(pairs)), [_title(pair) for pair in pairs], color=INK)
    axes.set_ylim(len(pairs) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.06)
    axes.set_xlabel("BLEU points")
    axes.tick_params(axis="y", length=0)
