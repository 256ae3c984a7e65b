"""The comparison table: a row a variant, every metric with the interval that its seeds allow; and the failed runs."""

from functools import partial

import pandas as pd
from matplotlib.axes import Axes

from attnbench.metrics import Metric, in_order, metric_of
from attnbench.report.comparison.estimates import BOTH_VALUES, KINDS, OVER_SEEDS, OVER_SENTENCES, estimate_of, texts_of
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant, settings_of
from attnbench.report.render.elements import Block, Cell, Column, Figure, Panel, Section, Table, Text
from attnbench.report.render.naming import factor_cells, factor_columns
from attnbench.report.render.style import INK, Look
from attnbench.wording import DASH, counted


def section(study: Study) -> Section:
    """Figure of test BLEU, comparison table, and the failed runs."""
    blocks: list[Block] = []
    if study.finished:
        blocks += [Text(_explanation(study))]
        if any(variant.metric("test/bleu") for variant in study.finished):
            blocks.append(_figure(study))
        blocks.append(_table(study))
    if study.failed:
        blocks.append(_failed(study))
    reason = "" if blocks else "no training run is among the runs."
    return Section("comparison", "Comparison", blocks, reason)


def _explanation(study: Study) -> str:
    kinds = {estimate_of(variant, "test/bleu").kind for variant in study.finished}
    parts = []
    if OVER_SEEDS in kinds:
        parts.append("From three seeds on, a value is the mean over seeds ± half the width of its 95 % t interval.")
    if BOTH_VALUES in kinds:
        parts.append("With two seeds both values are given, because two values carry no useful interval.")
    if OVER_SENTENCES in kinds:
        parts.append(
            "With one seed, BLEU has a 95 % bootstrap interval over the test sentences in brackets: "
            "it says nothing about what another seed would give."
        )
    if any(variant.metric("length/bleu_within") for variant in study.finished):
        parts.append("Within and beyond: test sentences of at most, and of more than, `sequence_length` source tokens.")
    return " ".join(parts)


def _table(study: Study) -> Table:
    keys = in_order(key for variant in study.finished for run in variant.runs for key in run.metrics)
    shown = [metric for key in keys if (metric := metric_of(key)).group]
    return Table(
        slug="comparison",
        caption="Every variant on the test set, and what it costs",
        columns=(
            *factor_columns(study.factors),
            Column("seeds"),
            *(Column(metric.heading, metric.shown_unit, metric.group) for metric in shown),
        ),
        rows=tuple(_row(variant, shown) for variant in study.variants),
        data=pd.DataFrame([_record(variant, shown) for variant in study.variants]),
    )


def _row(variant: Variant, shown: list[Metric]) -> tuple[Cell, ...]:
    finished, planned = len(variant.runs), len(variant.runs) + len(variant.unfinished)
    text = f"{finished} of {planned}" if finished < planned else str(finished)
    seeds = Cell(text, KINDS.get(estimate_of(variant, "test/bleu").kind, ""))
    return (
        *factor_cells(variant),
        seeds,
        *(Cell(*texts_of(estimate_of(variant, known.key), known)) for known in shown),
    )


def _record(variant: Variant, shown: list[Metric]) -> dict[str, object]:
    record: dict[str, object] = {
        **variant.values,
        "seeds": len(variant.runs),
        "unfinished": len(variant.unfinished),
    }
    for known in shown:
        found = estimate_of(variant, known.key)
        record |= {known.key: found.value, f"{known.key}_low": found.low, f"{known.key}_high": found.high}
        record[f"{known.key}_bounds"] = found.kind
    return record


def _failed(study: Study) -> Table:
    rows = [(run, str(run.provenance.get("reason", "")) or DASH) for run in study.failed]
    return Table(
        slug="unfinished",
        caption=f"{counted(len(rows), 'run')} without a result",
        columns=(
            *(Column(name, numeric=False) for name in ("run", "attention", "seed", "status")),
            Column("reason", numeric=False, prose=True),
        ),
        rows=tuple(
            (
                Cell(run.run_id),
                Cell(run.params["attention"], mechanism=run.params["attention"]),
                *map(Cell, (str(run.seed), run.status, reason)),
            )
            for run, reason in rows
        ),
        data=pd.DataFrame(
            [
                {
                    "run_id": run.run_id,
                    "attention": run.params["attention"],
                    "seed": run.seed,
                    "status": run.status,
                    "reason": str(run.provenance.get("reason", "")),
                }
                for run, _ in rows
            ]
        ),
    )


def _figure(study: Study) -> Figure:
    settings = settings_of(variant for variant in study.finished if variant.metric("test/bleu"))
    panels = tuple(
        Panel(
            setting,
            partial(_draw, variants=group, limits=_limits(study, group), looks=study.looks),
            4.8,
            _height(group),
        )
        for setting, group in settings.items()
    )
    return Figure(
        slug="quality",
        alt="Test BLEU of each variant with its interval and its seeds. "
        + ". ".join(f"{variant.label}: {' '.join(_bleu(variant))}" for variant in study.finished),
        caption=_caption(study),
        panels=panels,
    )


def _caption(study: Study) -> str:
    kinds = {estimate_of(variant, "test/bleu").kind for variant in study.finished}
    bars = [
        text
        for known, text in (
            (kinds & {OVER_SEEDS, OVER_SENTENCES}, "95 % interval"),
            (kinds & {BOTH_VALUES}, "with two seeds, both values"),
        )
        if known
    ]
    text = f"Test BLEU. Bars: {'; '.join(bars)}." if bars else "Test BLEU."
    return f"{text} Small rings: single seeds." if kinds & {OVER_SEEDS, BOTH_VALUES} else text


def _bleu(variant: Variant) -> tuple[str, str]:
    return texts_of(estimate_of(variant, "test/bleu"), metric_of("test/bleu"))


def _height(group: list[Variant]) -> float:
    return 0.65 + 0.32 * len(group)


def _limits(study: Study, group: list[Variant]) -> tuple[float, float]:
    """The range of BLEU of the same data set, so that its panels share one scale."""
    found = [estimate_of(variant, "test/bleu") for variant in study.finished if variant.data == group[0].data]
    known = [bound for one in found for bound in (one.value, one.low, one.high) if bound == bound]
    room = 0.04 * (max(known) - min(known)) + 0.5
    return min(known) - room, max(known) + room


def _draw(axes: Axes, variants: list[Variant], limits: tuple[float, float], looks: dict[str, Look]) -> None:
    for row, variant in enumerate(variants):
        look, found = looks[variant.attention], estimate_of(variant, "test/bleu")
        bounds = [[found.value - found.low], [found.high - found.value]] if found.bounded else None
        axes.errorbar(
            found.value, row, xerr=bounds, color=look.light, marker=look.marker, markersize=7, capsize=3, zorder=3
        )
        seeds = variant.metric("test/bleu")
        if len(seeds) > 1:
            axes.plot(
                seeds,
                [row + 0.26] * len(seeds),
                "o",
                markersize=3.2,
                markerfacecolor="none",
                color=look.light,
                zorder=2,
            )
    axes.set_yticks(range(len(variants)), [variant.attention for variant in variants], color=INK)
    axes.set_xlim(limits)
    axes.set_ylim(len(variants) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("test BLEU (0\u2013100, higher is better)")
    axes.tick_params(axis="y", length=0)
