"""Quality against speed, with the Pareto front."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from attnbench.metrics import metric_of
from attnbench.report.comparison.estimates import Estimate, estimate_of, texts_of
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant
from attnbench.report.render.elements import Cell, Column, Figure, Panel, Section, Table, Text
from attnbench.report.render.naming import factor_cells, factor_columns
from attnbench.report.render.style import FRONT, INK, Look, from_zero
from attnbench.wording import DASH, number

_QUALITY = "test/bleu"
_SPEEDS = ("speed/train_target_tokens_per_second", "speed/decode_target_tokens_per_second")


def section(study: Study) -> Section:
    """A panel for training and one for decoding speed, for each data set."""
    variants = [variant for variant in study.finished if variant.metric(_QUALITY)]
    speeds = [key for key in _SPEEDS if sum(bool(variant.metric(key)) for variant in variants) > 1]
    if not speeds:
        reason = "it needs two variants with a test BLEU and a measured speed."
        return Section("tradeoff", "Quality against speed", left_out=reason)
    explanation = (
        "A variant is on the Pareto front if no other of the same data set is both at least as good and at least as "
        "fast, and better in one of the two. The front takes means at their word: the intervals say how far that goes."
    )
    figure, table = _figure(study, variants, speeds), _table(variants, speeds)
    return Section("tradeoff", "Quality against speed", [Text(explanation), figure, table])


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of the points (higher is better in both) that no other point dominates."""
    array = np.asarray(points, dtype=np.float64)
    return [
        index
        for index, point in enumerate(array)
        if not np.any(np.all(array >= point, axis=1) & np.any(array > point, axis=1))
    ]


def _points(variants: Sequence[Variant], speed: str) -> tuple[list[Variant], list[tuple[float, float]]]:
    measured = [variant for variant in variants if variant.metric(speed)]
    return measured, [(estimate_of(v, speed).value, estimate_of(v, _QUALITY).value) for v in measured]


def _by_data(variants: Sequence[Variant]) -> dict[str, list[Variant]]:
    groups: dict[str, list[Variant]] = {}
    for variant in variants:
        groups.setdefault(variant.data, []).append(variant)
    return groups


def _on_front(variants: Sequence[Variant], speed: str) -> set[str]:
    """Labels of the variants on the front of their data set."""
    found: set[str] = set()
    for group in _by_data(variants).values():
        measured, points = _points(group, speed)
        found |= {measured[index].label for index in pareto_front(points)}
    return found


def _figure(study: Study, variants: Sequence[Variant], speeds: Sequence[str]) -> Figure:
    groups = _by_data(variants)
    panels = tuple(
        Panel(
            f"{metric_of(speed).name}{f', {data}' if len(groups) > 1 else ''}",
            partial(_draw, variants=group, speed=speed, looks=study.looks),
        )
        for data, group in groups.items()
        for speed in speeds
    )
    spoken = ". ".join(
        f"On the front of {metric_of(speed).name}: {', '.join(sorted(_on_front(variants, speed)))}" for speed in speeds
    )
    return Figure(
        slug="tradeoff",
        alt=f"Test BLEU against speed. {spoken}.",
        caption="Test BLEU against speed; up and to the right is better. Bars: 95 % intervals where there are any. "
        "Grey line: the Pareto front.",
        panels=panels,
        mechanisms=tuple(dict.fromkeys(variant.attention for variant in variants)),
    )


def _draw(axes: Axes, variants: Sequence[Variant], speed: str, looks: dict[str, Look]) -> None:
    measured, points = _points(variants, speed)
    front = sorted(points[index] for index in pareto_front(points))
    axes.plot(*zip(*front, strict=True), color=FRONT, linewidth=1.2, drawstyle="steps-pre", zorder=1)
    for variant, (x, y) in zip(measured, points, strict=True):
        look, quality, pace = looks[variant.attention], estimate_of(variant, _QUALITY), estimate_of(variant, speed)
        axes.errorbar(
            x,
            y,
            xerr=_bars(pace),
            yerr=_bars(quality),
            color=look.light,
            marker=look.marker,
            markersize=7,
            capsize=2,
            elinewidth=1,
            linestyle="none",
        )
        if variant.setting and len(measured) <= 12:
            axes.annotate(variant.setting, (x, y), xytext=(6, 4), textcoords="offset points", color=INK, fontsize=6.5)
    axes.set_xlim(from_zero(x for x, _ in points))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.set_xlabel(metric_of(speed).shown_unit)
    axes.set_ylabel("test BLEU (0\u2013100)")


def _bars(found: Estimate) -> list[list[float]] | None:
    return [[found.value - found.low], [found.high - found.value]] if found.bounded else None


def _table(variants: Sequence[Variant], speeds: Sequence[str]) -> Table:
    fronts = {speed: _on_front(variants, speed) for speed in speeds}
    columns = [Column("BLEU")]
    for speed in speeds:
        columns += [Column(metric_of(speed).name, "tokens/s"), Column("on the front", numeric=False)]

    def cells(variant: Variant) -> list[Cell]:
        found = [Cell(*texts_of(estimate_of(variant, _QUALITY), metric_of(_QUALITY)))]
        for speed in speeds:
            on_front = variant.label in fronts[speed]
            value = estimate_of(variant, speed).value
            found += [Cell(number(value)), Cell("yes" if on_front else DASH)]
        return found

    return Table(
        slug="tradeoff",
        caption="Which variants are on the Pareto front of quality and speed",
        columns=(*factor_columns(tuple(variants[0].values)), *columns),
        rows=tuple((*factor_cells(variant), *cells(variant)) for variant in variants),
        data=pd.DataFrame(
            [
                variant.values
                | {_QUALITY: estimate_of(variant, _QUALITY).value}
                | {speed: estimate_of(variant, speed).value for speed in speeds}
                | {f"{speed}_on_front": variant.label in fronts[speed] for speed in speeds}
                for variant in variants
            ]
        ),
    )
