"""Training curves: losses and validation BLEU by optimiser step."""

import math
from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from attnbench.metrics import HISTORIES, metric_of
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant, by_setting
from attnbench.report.render.elements import Content, Figure, Panel
from attnbench.report.render.style import Style, by_mechanism, from_zero
from attnbench.wording import number


def content(study: Study) -> Content:
    """A figure for each setting: a panel a history, a line a mechanism, thin lines for its seeds."""
    figures = [
        _figure(setting, group, index)
        for index, (setting, group) in enumerate(by_setting(study.finished).items())
        if any(run.histories for variant in group for run in variant.runs)
    ]
    return figures or "no run has a history of its losses or of validation BLEU."


def _figure(setting: str, group: Sequence[Variant], index: int) -> Figure:
    frame = _frame(group)
    panels = [
        Panel(metric_of(key).name, partial(_draw, part, key), 3.15, 2.5)
        for key in HISTORIES
        if not (part := frame[frame["key"] == key]).empty
    ]
    seeds = (
        "Thick: mean over the seeds that reached the step; thin: single seeds."
        if any(len(variant.runs) > 1 for variant in group)
        else "One seed each."
    )
    return Figure(
        slug="curves" if not index else f"curves-{index + 1}",
        alt=f"Training curves{f', {setting}' if setting else ''}. " + _spoken(frame),
        caption=f"With {setting}. {seeds}" if setting else seeds,
        panels=panels,
        mechanisms={variant.attention for variant in group},
    )


def _frame(group: Sequence[Variant]) -> pd.DataFrame:
    """One row a point: the run and its attention, the metric, the step, the value."""
    records = [
        {"attention": variant.attention, "run": run.run_id, "key": key, "step": step, "value": value}
        for variant in group
        for run in variant.runs
        for key in HISTORIES
        for step, value in run.histories.get(key, ())
        if math.isfinite(value)
    ]
    return pd.DataFrame(records, columns=["attention", "run", "key", "step", "value"])


def _spoken(frame: pd.DataFrame) -> str:
    last = frame.sort_values("step", kind="stable").groupby(["key", "attention", "run"], sort=False)["value"].last()
    means = last.groupby(["key", "attention"], sort=False).mean()
    return " ".join(f"Last {metric_of(key).name} of {name}: {number(value)}." for (key, name), value in means.items())


def _draw(part: pd.DataFrame, key: str, axes: Axes, styles: Mapping[str, Style]) -> None:
    lines = by_mechanism(part, styles) | {"x": "step", "y": "value", "ax": axes}
    if part["run"].nunique() > part["attention"].nunique():
        seeds = {"style": None, "style_order": None, "dashes": True, "units": "run", "estimator": None}
        sns.lineplot(**lines | seeds, linewidth=0.6, alpha=0.5)
    sns.lineplot(**lines)
    if key.endswith("loss"):
        axes.set_ylim(from_zero(part["value"]))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("optimiser steps")
    axes.set_ylabel(metric_of(key).shown_unit or "BLEU (0\u2013100)")
