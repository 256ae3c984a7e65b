"""Throughput and memory against a size: sequence length or hidden size."""

import itertools
from collections.abc import Sequence
from functools import partial

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from attnbench.metrics import metric_of
from attnbench.report.comparison.estimates import estimate_of, texts_of
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant
from attnbench.report.render.elements import Block, Cell, Column, Figure, Notice, Panel, Section, Table, Text
from attnbench.report.render.naming import factor_cells, factor_columns
from attnbench.report.render.style import Look, from_zero
from attnbench.report.render.wording import factor_name, factor_unit, factor_value
from attnbench.wording import number

_FACTORS = ("sequence_length", "hidden_size")
_KEYS = (
    "speed/train_target_tokens_per_second",
    "speed/decode_target_tokens_per_second",
    "memory/train_peak_bytes",
)
_LOGARITHMIC_FROM = 8
"""Quotient of the largest and smallest value from which an axis is logarithmic."""


def section(study: Study) -> Section:
    """A figure for each size that was varied, from profiling and from training runs, and the profiles' table."""
    blocks: list[Block] = []
    sources = (("profile", study.profiles), ("training", study.finished))
    for (source, variants), factor in itertools.product(sources, _FACTORS):
        if len({variant.values[factor] for variant in variants if factor in variant.values and variant.runs}) > 1:
            blocks.append(_figure(study, variants, source, factor))
    if study.profiles:
        blocks += [_table(study), *_failures(study)]
    if not blocks:
        reason = "it needs runs of at least two sequence lengths or two hidden sizes, or runs of `task=profile`."
        return Section("cost", "Speed and memory against size", left_out=reason)
    return Section("cost", "Speed and memory against size", [Text(_explanation(study)), *blocks])


def _explanation(study: Study) -> str:
    parts = []
    if study.profiles:
        parts.append(
            "Profiling runs (`task=profile`) take synthetic batches in which every sentence has the same length, "
            "and measure the variants in turns, so that a drift of the machine meets all of them."
        )
    if study.finished:
        parts.append(
            "Training runs were measured at different times: "
            "differences of a few percent between them may be the machine's."
        )
    return " ".join(parts)


def _figure(study: Study, variants: Sequence[Variant], source: str, factor: str) -> Figure:
    frame = _frame(variants, factor)
    name = "sequence length" if source == "profile" and factor == "sequence_length" else factor_name(factor)
    label = f"{name} ({factor_unit(factor)})"
    panels = tuple(
        Panel(
            f"{metric_of(key).name}{f', {setting}' if setting else ''}",
            partial(_draw, part=part, label=label, key=key, looks=study.looks),
            3.15,
            2.6,
        )
        for setting, members in frame.groupby("setting", sort=False)
        for key in _KEYS
        if not (part := members[members["key"] == key]).empty
    )
    where = "synthetic batches" if source == "profile" else "training runs"
    return Figure(
        slug=f"{source}-{factor.replace('_', '-')}",
        alt=f"Speed and memory against {name}, {where}. " + _spoken(frame),
        caption=f"Speed and memory against {name}; {where}. Means over seeds; "
        f"axes are logarithmic where values span a factor of {_LOGARITHMIC_FROM}.",
        panels=panels,
        mechanisms=tuple(dict.fromkeys(frame["attention"])),
    )


def _frame(variants: Sequence[Variant], factor: str) -> pd.DataFrame:
    records = []
    for variant, key in itertools.product(variants, _KEYS):
        found = estimate_of(variant, key)
        if found.exists:
            others = [
                factor_value(name, value) for name, value in variant.values.items() if name not in ("attention", factor)
            ]
            records.append(
                {
                    "attention": variant.attention,
                    "setting": ", ".join(others),
                    "size": int(variant.values[factor]),
                    "key": key,
                    "value": metric_of(key).shown(found.value),
                }
            )
    return pd.DataFrame(records, columns=["attention", "setting", "size", "key", "value"])


def _spoken(frame: pd.DataFrame) -> str:
    lines = []
    for (key, setting, attention), part in frame.groupby(["key", "setting", "attention"], sort=False):
        points = ", ".join(
            f"{number(row.value)} at {row.size_}" for row in part.rename(columns={"size": "size_"}).itertuples()
        )
        lines.append(f"{metric_of(key).label}, {attention}{f', {setting}' if setting else ''}: {points}.")
    return " ".join(lines)


def _draw(axes: Axes, part: pd.DataFrame, label: str, key: str, looks: dict[str, Look]) -> None:
    shown = [name for name in looks if name in set(part["attention"])]
    sns.lineplot(
        part, x="size", y="value", hue="attention", style="attention", hue_order=shown, style_order=shown, ax=axes,
        palette={name: looks[name].light for name in shown}, markers={name: looks[name].marker for name in shown},
        dashes={name: looks[name].dashes for name in shown}, errorbar=None, legend=False, markeredgewidth=0,
    )  # fmt: skip
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
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.set_xlabel(label)
    axes.set_ylabel(metric_of(key).shown_unit)


def _table(study: Study) -> Table:
    keys = [
        key for key in (*_KEYS[:1], "speed/train_step_ms_p50", *_KEYS[1:]) if any(v.metric(key) for v in study.profiles)
    ]
    factors = tuple(study.profiles[0].values)
    return Table(
        slug="profiles",
        caption="Cost on synthetic batches",
        columns=(*factor_columns(factors), *(Column(metric_of(key).name, metric_of(key).shown_unit) for key in keys)),
        rows=tuple(
            (*factor_cells(variant), *(Cell(*texts_of(estimate_of(variant, key), metric_of(key))) for key in keys))
            for variant in study.profiles
        ),
        data=pd.DataFrame(
            [variant.values | {key: estimate_of(variant, key).value for key in keys} for variant in study.profiles]
        ),
    )


def _failures(study: Study) -> list[Notice]:
    lines = tuple(
        f"{variant.label}: {run.status}, {run.provenance.get('reason', 'no reason given')}"
        for variant in study.profiles
        for run in variant.unfinished
    )
    return [Notice("Without a measurement", lines)] if lines else []
