"""Quality against speed, with the Pareto front."""

from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes

from attnbench.metrics import metric_of
from attnbench.report.comparison.estimates import estimate_of, on_front
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.timing import DISTURBANCES, not_ranked
from attnbench.report.comparison.variants import Variant, by_data
from attnbench.report.render.elements import Cell, Content, Field, Figure, Panel, Table, Text
from attnbench.report.render.fields import factor_fields, metric_field
from attnbench.report.render.style import FRONT, INK, Style, from_zero
from attnbench.wording import DASH

_QUALITY = "test/bleu"


def content(study: Study) -> Content:
    """A panel for training and one for decoding speed, for each data set; a front where the speed is ranked."""
    variants = [variant for variant in study.finished if variant.metric(_QUALITY)]
    speeds = [key for key in DISTURBANCES if sum(bool(variant.metric(key)) for variant in variants) > 1]
    if not speeds:
        return "it needs two variants with a test BLEU and a measured speed."
    groups = by_data(variants).values()
    reasons = {speed: next(filter(None, (not_ranked(group, speed) for group in groups)), "") for speed in speeds}
    fronts = {
        speed: [variant for group in groups for variant in on_front(group, _QUALITY, speed)]
        for speed in speeds
        if not reasons[speed]
    }
    texts = [Text(reason) for reason in reasons.values() if reason]
    figure = _figure(variants, speeds, fronts)
    if not fronts:
        return [*texts, figure]
    explanation = (
        "A variant is on the Pareto front if no other of the same data set is both at least as good and at least as "
        "fast, and better in one of the two. The front compares means, without their intervals."
    )
    pairs = [(metric_field(speed), _front_field(speed, front)) for speed, front in fronts.items()]
    table = Table(
        slug="tradeoff",
        caption="Which variants are on the Pareto front of quality and speed",
        fields=(
            *factor_fields(variants),
            metric_field(_QUALITY),
            *(field for pair in pairs for field in pair),
        ),
        rows=variants,
    )
    return [Text(explanation), *texts, figure, table]


def _figure(variants: Sequence[Variant], speeds: Sequence[str], fronts: Mapping[str, Sequence[Variant]]) -> Figure:
    groups = by_data(variants)
    panels = [
        Panel(
            f"{metric_of(speed).name}{f', {data}' if len(groups) > 1 else ''}",
            partial(_draw, group, speed, fronts.get(speed, ())),
        )
        for data, group in groups.items()
        for speed in speeds
        if any(variant.metric(speed) for variant in group)
    ]
    spoken = "".join(
        f" On the front of {metric_of(speed).name}: {', '.join(sorted(variant.label for variant in front))}."
        for speed, front in fronts.items()
    )
    return Figure(
        slug="tradeoff",
        alt=f"Test BLEU against speed.{spoken}",
        caption="Test BLEU against speed; up and to the right is better. Bars: 95 % intervals where there are any."
        + (" Grey line: the Pareto front." if fronts else ""),
        panels=panels,
        mechanisms={variant.attention for variant in variants},
    )


def _draw(
    variants: Sequence[Variant], speed: str, front: Sequence[Variant], axes: Axes, styles: Mapping[str, Style]
) -> None:
    points = {
        variant: (estimate_of(variant, speed).value, estimate_of(variant, _QUALITY).value)
        for variant in variants
        if variant.metric(speed)
    }
    if line := sorted(points[variant] for variant in variants if variant in front):
        axes.plot(*zip(*line, strict=True), color=FRONT, linewidth=1.2, drawstyle="steps-pre", zorder=1)
    for variant, point in points.items():
        style = styles[variant.attention]
        axes.errorbar(
            *point,
            xerr=estimate_of(variant, speed).error,
            yerr=estimate_of(variant, _QUALITY).error,
            color=style.light,
            marker=style.marker,
            markersize=7,
            capsize=2,
            elinewidth=1,
            linestyle="none",
        )
        if variant.setting and len(points) <= 12:
            axes.annotate(variant.setting, point, xytext=(6, 4), textcoords="offset points", color=INK, fontsize=6.5)
    axes.set_xlim(from_zero(x for x, _ in points.values()))
    axes.xaxis.set_major_formatter("{x:,.6g}")
    axes.set_xlabel(metric_of(speed).shown_unit)
    axes.set_ylabel("test BLEU (0\u2013100)")


def _front_field(speed: str, front: Sequence[Variant]) -> Field[Variant]:
    return Field(
        "on the front",
        lambda variant: Cell("yes" if variant in front else DASH),
        lambda variant: {f"{speed}_on_front": variant in front},
        numeric=False,
    )
