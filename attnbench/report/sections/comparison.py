"""The comparison table: a row a variant, every metric with the interval that its seeds allow; and the failed runs."""

from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes

from attnbench.metrics import in_order, metric_of
from attnbench.report.comparison.estimates import Bounds, estimate_of, scores_of
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant, by_setting
from attnbench.report.render.elements import Block, Cell, Content, Field, Figure, Panel, Table, Text
from attnbench.report.render.fields import estimate_cell, factor_fields, metric_field, text_field
from attnbench.report.render.style import INK, Style
from attnbench.report.sources.runs import Run
from attnbench.scoring.length import BEYOND, WITHIN
from attnbench.wording import DASH, counted

_BLEU = "test/bleu"
_EXPLAINED = {
    Bounds.OVER_BOTH: "From three seeds on, a value that is computed from sentences is the mean over seeds ± half its "
    "95 % interval for another seed and other sentences.",
    Bounds.OVER_SEEDS: "Other values are means over seeds with 95 % t intervals; those that vary by factors "
    "(perplexity, speed, memory, quotients) are geometric means with the interval of the logarithm.",
    Bounds.BOTH_VALUES: "With two seeds both values are given, because two values carry no useful interval.",
    Bounds.OVER_SENTENCES: "With one seed, BLEU has a 95 % bootstrap interval over the test sentences in brackets: "
    "what another seed would give is unknown.",
}


def content(study: Study) -> Content:
    """Figure of test BLEU, comparison table, and the failed runs."""
    blocks: list[Block] = []
    if study.finished:
        bounds = {estimate_of(variant, _BLEU).bounds for variant in study.finished}
        shown = {estimate_of(variant, key).bounds for variant in study.finished for key in (_BLEU, "test/perplexity")}
        parts = [text for kind, text in _EXPLAINED.items() if kind in shown]
        if any(variant.metric("length/bleu_within") for variant in study.finished):
            parts.append(
                "Within and beyond: test sentences of at most, and of more than, `sequence_length` source tokens; "
                "quotient: beyond ÷ within."
            )
        blocks.append(Text(" ".join(parts)))
        if any(variant.metric(_BLEU) for variant in study.finished):
            blocks.append(_figure(study.finished, bounds))
        blocks.append(_table(study))
    if study.failed:
        blocks.append(_unfinished(study.failed))
    return blocks or "no training run is among the runs."


def _table(study: Study) -> Table[Variant]:
    keys = in_order(key for variant in study.finished for run in variant.runs for key in run.metrics)
    metrics = [metric for key in keys if (metric := metric_of(key)).group]
    return Table(
        slug="comparison",
        caption="Every variant on the test set, and what it costs",
        fields=(
            *factor_fields(study.variants),
            Field("seeds", _seeds, lambda variant: {"seeds": len(variant.runs), "unfinished": len(variant.unfinished)}),
            *(metric_field(metric.key, header=metric.header, group=metric.group) for metric in metrics),
        ),
        rows=study.variants,
    )


def _seeds(variant: Variant) -> Cell:
    finished, planned = len(variant.runs), len(variant.runs) + len(variant.unfinished)
    text = f"{finished} of {planned}" if finished < planned else str(finished)
    return Cell(text, estimate_of(variant, _BLEU).bounds.label)


def _unfinished(runs: Sequence[Run]) -> Table[Run]:
    return Table(
        slug="unfinished",
        caption=f"{counted(len(runs), 'run')} without a result",
        fields=(
            text_field("run", lambda run: run.run_id, key="run_id"),
            text_field("attention", _attention, mechanism=_attention),
            text_field("seed", lambda run: str(run.seed)),
            text_field("status", lambda run: run.status.value),
            text_field("reason", lambda run: run.origin.reason or DASH, prose=True),
        ),
        rows=runs,
    )


def _attention(run: Run) -> str:
    return run.params["attention"]


def _figure(variants: Sequence[Variant], bounds: set[Bounds]) -> Figure:
    """BLEU within and beyond the training limit; of the whole test set where nothing lies beyond."""
    drawn = {key: [variant for variant in variants if variant.metric(key)] for key in (WITHIN, BEYOND)}
    drawn = drawn if all(drawn.values()) else {_BLEU: [variant for variant in variants if variant.metric(_BLEU)]}
    bars = [
        kind.description if kind.is_interval else "with two seeds, both values"
        for kind in Bounds
        if kind in bounds and kind.description and kind is not Bounds.ONE_VALUE
    ]
    rings = " Small rings: single seeds." if bounds & {Bounds.OVER_BOTH, Bounds.OVER_SEEDS, Bounds.BOTH_VALUES} else ""
    cells = [
        (metric_of(key).name, variant.label, estimate_cell(estimate_of(variant, key), metric_of(key)))
        for key, scored in drawn.items()
        for variant in scored
    ]
    return Figure(
        slug="quality",
        alt="BLEU of each variant with its interval and its seeds. "
        + ". ".join(f"{name}, {label}: {cell.text} {cell.detail}".strip() for name, label, cell in cells),
        caption=" ".join(["BLEU.", *([f"Bars: {'; '.join(bars)}."] if bars else [])]) + rings,
        panels=[
            Panel(
                ", ".join(part for part in (metric_of(key).name, setting) if part),
                partial(_draw, key, group, _limits(key, scored, group)),
                4.8,
                0.65 + 0.32 * len(group),
            )
            for key, scored in drawn.items()
            for setting, group in by_setting(scored).items()
        ],
    )


def _limits(key: str, variants: Sequence[Variant], group: Sequence[Variant]) -> tuple[float, float]:
    """The range of BLEU of the same data set, so that its panels share one scale."""
    estimates = [estimate_of(variant, key) for variant in variants if variant.data == group[0].data]
    numbers = [bound for one in estimates for bound in (one.value, one.low, one.high) if bound == bound]
    room = 0.04 * (max(numbers) - min(numbers)) + 0.5
    return min(numbers) - room, max(numbers) + room


def _draw(
    key: str, variants: list[Variant], limits: tuple[float, float], axes: Axes, styles: Mapping[str, Style]
) -> None:
    for row, variant in enumerate(variants):
        style, bleu = styles[variant.attention], estimate_of(variant, key)
        axes.errorbar(
            bleu.value, row, xerr=bleu.error, color=style.light, marker=style.marker, markersize=7, capsize=3, zorder=3
        )
        seeds = scores_of(variant.runs, key)[0]
        if len(seeds) > 1:
            rows = [row + 0.26] * len(seeds)
            axes.plot(seeds, rows, "o", markersize=3.2, markerfacecolor="none", color=style.light, zorder=2)
    axes.set_yticks(range(len(variants)), [variant.attention for variant in variants], color=INK)
    axes.set_xlim(limits)
    axes.set_ylim(len(variants) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("BLEU (0\u2013100, higher is better)")
    axes.tick_params(axis="y", length=0)
