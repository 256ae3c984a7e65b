"""Throughput and memory against a size: sequence length or hidden size."""

import itertools
from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from attnbench.metrics import in_order, metric_of
from attnbench.report.comparison.estimates import estimate_of
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.timing import disturbed
from attnbench.report.comparison.variants import Variant
from attnbench.report.options import option_name, option_unit
from attnbench.report.render.elements import Block, Content, Figure, Notice, Panel, Table, Text
from attnbench.report.render.fields import factor_fields, metric_field
from attnbench.report.render.style import Style, by_mechanism, from_zero
from attnbench.wording import listed, number

_FACTORS = ("sequence_length", "hidden_size")
_DRAWN = (
    "speed/train_target_tokens_per_second",
    "speed/decode_target_tokens_per_second",
    "memory/train_peak_bytes",
)
_LOGARITHMIC_FROM = 8
"""Quotient of the largest and smallest value from which an axis is logarithmic."""


def content(study: Study) -> Content:
    """A figure for each size that was varied, from profiling and from training runs, and the profiles' table."""
    blocks: list[Block] = []
    sources = ((study.profiles, "synthetic batches"), (study.finished, "training runs"))
    for (variants, source), factor in itertools.product(sources, _FACTORS):
        if len({variant.values[factor] for variant in variants if factor in variant.values and variant.runs}) > 1:
            blocks.append(_figure(variants, source, factor))
    if study.profiles:
        blocks += _profiles(study.profiles)
    if not blocks:
        return "it needs runs of at least two sequence lengths or two hidden sizes, or runs of `task=profile`."
    parts = []
    if study.profiles:
        parts.append(
            "Profiling runs (`task=profile`) take synthetic batches in which every sentence has the same length, "
            "and measure the variants in turns, so that all of them meet the same drift of the machine."
        )
    if study.finished:
        parts.append(
            "Training runs were measured at different times: "
            "differences of a few percent between them may be the machine's."
        )
    if rough := disturbed((*study.profiles, *study.finished)):
        parts.append(f"Timing was disturbed in {listed([variant.label for variant in rough])}: these speeds are rough.")
    return [Text(" ".join(parts)), *blocks]


def _figure(variants: Sequence[Variant], source: str, factor: str) -> Figure:
    profiled = source == "synthetic batches"
    frame = _frame(variants, factor)
    name = "sequence length" if profiled and factor == "sequence_length" else option_name(factor)
    panels = [
        Panel(
            f"{metric_of(key).name}{f', {setting}' if setting else ''}",
            partial(_draw, part, f"{name} ({option_unit(factor)})", key),
            3.15,
            2.6,
        )
        for setting, members in frame.groupby("setting", sort=False)
        for key in _DRAWN
        if not (part := members[members["key"] == key]).empty
    ]
    return Figure(
        slug=f"{'profile' if profiled else 'training'}-{factor.replace('_', '-')}",
        alt=f"Speed and memory against {name}, {source}. " + _spoken(frame),
        caption=f"Speed and memory against {name}; {source}. Means over seeds; "
        f"axes are logarithmic where values span a factor of {_LOGARITHMIC_FROM}.",
        panels=panels,
        mechanisms=set(frame["attention"]),
    )


def _frame(variants: Sequence[Variant], factor: str) -> pd.DataFrame:
    """One row a variant and metric, in the unit that is shown; `setting` is what else the variant's factors say."""
    records = [
        {
            "attention": variant.attention,
            "setting": ", ".join(variant.factors_without("attention", factor)),
            "size": int(variant.values[factor]),
            "key": key,
            "value": metric_of(key).shown(estimate_of(variant, key).value),
        }
        for variant, key in itertools.product(variants, _DRAWN)
        if variant.metric(key)
    ]
    return pd.DataFrame(records, columns=["attention", "setting", "size", "key", "value"])


def _spoken(frame: pd.DataFrame) -> str:
    lines = []
    for (key, setting, attention), part in frame.groupby(["key", "setting", "attention"], sort=False):
        points = ", ".join(f"{number(value)} at {size}" for value, size in zip(part["value"], part["size"]))
        lines.append(f"{metric_of(key).label}, {attention}{f', {setting}' if setting else ''}: {points}.")
    return " ".join(lines)


def _draw(part: pd.DataFrame, label: str, key: str, axes: Axes, styles: Mapping[str, Style]) -> None:
    markers = {name: style.marker for name, style in styles.items()}
    sns.lineplot(**by_mechanism(part, styles), x="size", y="value", markers=markers, markeredgewidth=0, ax=axes)
    sizes = sorted(set(part["size"]))
    if sizes[-1] >= _LOGARITHMIC_FROM * sizes[0]:
        axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [number(size, 0) for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    if part["value"].max() >= _LOGARITHMIC_FROM * part["value"].min() > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(from_zero(part["value"]))
    axes.yaxis.set_major_formatter("{x:,.6g}")
    axes.set_xlabel(label)
    axes.set_ylabel(metric_of(key).shown_unit)


def _profiles(profiles: Sequence[Variant]) -> list[Block]:
    """The table of what was measured, and what has no measurement."""
    keys = in_order(key for variant in profiles for key in (*_DRAWN, "speed/train_step_ms_p50") if variant.metric(key))
    fields = (*factor_fields(profiles), *(metric_field(key) for key in keys))
    lines = tuple(
        f"{variant.label}: {run.status}, {run.origin.reason or 'no reason given'}"
        for variant in profiles
        for run in variant.unfinished
    )
    notices = [Notice("Without a measurement", lines)] if lines else []
    return [Table("profiles", "Cost on synthetic batches", fields, profiles), *notices]
