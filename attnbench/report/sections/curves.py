"""Training curves: losses and validation BLEU by optimiser step."""

import math
from collections.abc import Sequence
from functools import partial

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from attnbench.metrics import HISTORIES, metric_of
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant, settings_of
from attnbench.report.render.elements import Figure, Panel, Section
from attnbench.report.render.style import Look, from_zero
from attnbench.wording import number


def section(study: Study) -> Section:
    """A figure for each setting: a panel a history, a line a mechanism, thin lines for its seeds."""
    figures = [
        _figure(study, setting, group, index)
        for index, (setting, group) in enumerate(settings_of(study.finished).items())
        if any(run.histories for variant in group for run in variant.runs)
    ]
    if not figures:
        return Section(
            "curves", "Training curves", left_out="no run has a history of its losses or of validation BLEU."
        )
    return Section("curves", "Training curves", figures)


def _figure(study: Study, setting: str, group: Sequence[Variant], index: int) -> Figure:
    frame = _frame(group)
    shown = [key for key in HISTORIES if key in set(frame["key"])]
    panels = tuple(
        Panel(
            metric_of(key).name, partial(_draw, part=frame[frame["key"] == key], key=key, looks=study.looks), 3.15, 2.5
        )
        for key in shown
    )
    several = any(len(variant.runs) > 1 for variant in group)
    return Figure(
        slug="curves" if not index else f"curves-{index + 1}",
        alt=f"Training curves{f', {setting}' if setting else ''}. " + _spoken(frame),
        caption=f"{f'With {setting}. ' if setting else ''}"
        + ("Thick: mean over the seeds that reached the step; thin: single seeds." if several else "One seed each."),
        panels=panels,
        mechanisms=tuple(dict.fromkeys(variant.attention for variant in group)),
    )


def _frame(group: Sequence[Variant]) -> pd.DataFrame:
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


def _draw(axes: Axes, part: pd.DataFrame, key: str, looks: dict[str, Look]) -> None:
    shown = [name for name in looks if name in set(part["attention"])]
    palette = {name: looks[name].light for name in shown}
    if part["run"].nunique() > len(shown):
        sns.lineplot(
            part, x="step", y="value", hue="attention", hue_order=shown, palette=palette, units="run", estimator=None,
            linewidth=0.6, alpha=0.5, legend=False, ax=axes,
        )  # fmt: skip
    sns.lineplot(
        part, x="step", y="value", hue="attention", style="attention", hue_order=shown, style_order=shown,
        palette=palette, dashes={name: looks[name].dashes for name in shown}, errorbar=None, legend=False, ax=axes,
    )  # fmt: skip
    if key.endswith("loss"):
        axes.set_ylim(from_zero(part["value"]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("optimiser steps")
    axes.set_ylabel(metric_of(key).shown_unit or "BLEU (0\u2013100)")
