"""BLEU by the length of the source sentence, with the training limit marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes

from attnbench.metrics import key_of, metric_of
from attnbench.report.comparison.estimates import Estimate, estimate_of
from attnbench.report.comparison.redrawn import parts_of
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant, by_setting
from attnbench.report.render.elements import Cell, Content, Field, Figure, Panel, Table, Text
from attnbench.report.render.fields import estimate_cell, estimate_values, factor_fields
from attnbench.report.render.style import FRONT, INK, Style, from_zero, line
from attnbench.scoring.length import MINIMUM_SENTENCES
from attnbench.wording import DASH, listed, number


@dataclass(frozen=True)
class Bucket:
    """BLEU of the `sentences` test sentences that have `low` to `high` source tokens."""

    low: int
    high: int
    sentences: int
    bleu: Estimate


Buckets = Mapping[Variant, Sequence[Bucket]]
"""The length buckets of each variant that has some."""


def content(study: Study) -> Content:
    """Figure and table of BLEU by length bucket."""
    buckets = {variant: found for variant in study.finished if (found := _buckets(variant))}
    if not buckets:
        return (
            "it needs the per-sentence statistics of the test set (sentences.csv), and "
            f"buckets of at least {MINIMUM_SENTENCES} sentences."
        )
    kinds = listed(list(dict.fromkeys(one.bleu.bounds.description for row in buckets.values() for one in row)))
    explanation = (
        f"Test sentences in buckets of ten by their source tokens; a bucket needs {MINIMUM_SENTENCES} sentences. "
        f"Means over seeds; bars: {kinds}."
    )
    table = Table(
        slug="length",
        caption="BLEU by source length in tokens, mean over seeds",
        fields=(
            *factor_fields(list(buckets)),
            *(_bucket_field(buckets, low, high) for low, high in _bounds(buckets)),
        ),
        rows=list(buckets),
    )
    return [Text(explanation), _figure(buckets), table]


def _buckets(variant: Variant) -> list[Bucket]:
    """The variant's buckets, shortest first; none where a run's sentences are not at hand."""
    run = variant.runs[0]
    if run.sentences is None or any(other.sentences is None for other in variant.runs):
        return []
    buckets = parts_of(run.sentences, run).buckets
    return [Bucket(part.low, part.high, part.sentences, estimate_of(variant, key)) for key, part in buckets.items()]


def _bounds(buckets: Buckets) -> list[tuple[int, int]]:
    return sorted({(bucket.low, bucket.high) for row in buckets.values() for bucket in row})


def _range(low: int, high: int) -> str:
    return f"{low}{DASH}{high}"


def _figure(buckets: Buckets) -> Figure:
    settings = by_setting(buckets)
    return Figure(
        slug="length",
        alt="BLEU by source length. "
        + " ".join(f"{variant.label}: {_spoken(row)}." for variant, row in buckets.items()),
        caption="BLEU by source length. The dashed line marks the training limit: "
        "no longer sentence was seen in training.",
        panels=[
            Panel(setting, partial(_draw, {one: buckets[one] for one in group}), 5.4 if len(settings) == 1 else 4.8)
            for setting, group in settings.items()
        ],
        mechanisms={variant.attention for variant in buckets},
    )


def _spoken(row: Sequence[Bucket]) -> str:
    return ", ".join(f"{number(bucket.bleu.value, 1)} at {_range(bucket.low, bucket.high)}" for bucket in row)


def _draw(buckets: Buckets, axes: Axes, styles: Mapping[str, Style]) -> None:
    for index, (variant, row) in enumerate(buckets.items()):
        # Variants stand next to each other at each bucket, so that no bar hides another.
        shift = 0.55 * (index - (len(buckets) - 1) / 2)
        bleu = [bucket.bleu for bucket in row]
        axes.errorbar(
            [(bucket.low + bucket.high) / 2 + shift for bucket in row],
            [one.value for one in bleu],
            yerr=[[one.value - one.low for one in bleu], [one.high - one.value for one in bleu]],
            elinewidth=1,
            capsize=2,
            **line(styles[variant.attention]),
        )
    bounds = _bounds(buckets)
    axes.set_xticks([(low + high) / 2 for low, high in bounds], [_range(low, high) for low, high in bounds])
    axes.set_ylim(
        from_zero(np.nanmax([bucket.bleu.value, bucket.bleu.high]) for row in buckets.values() for bucket in row)
    )
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("source length (tokens)")
    axes.set_ylabel("BLEU (0\u2013100)")
    for limit in {int(variant.runs[0].params["sequence_length"]) for variant in buckets}:
        axes.axvline(limit + 0.5, color=FRONT, linewidth=1, linestyle=(0, (3, 2)), zorder=1)
        axes.annotate(
            f"training limit {limit}", (limit + 0.5, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
            textcoords="offset points", ha="center", va="bottom", color=INK, fontsize=8,
        )  # fmt: skip


def _bucket_field(buckets: Buckets, low: int, high: int) -> Field[Variant]:
    key, sentences = (key_of(f"length/{name}_LLL_HHH", LLL=low, HHH=high) for name in ("bleu", "sentences"))
    found = {variant: bucket for variant, row in buckets.items() for bucket in row if bucket.low == low}
    absent = Bucket(low, high, 0, Estimate(float("nan")))
    return Field(
        _range(low, high),
        lambda variant: estimate_cell(found[variant].bleu, metric_of(key)) if variant in found else Cell(DASH),
        lambda variant: (
            estimate_values(key, found.get(variant, absent).bleu) | {sentences: found.get(variant, absent).sentences}
        ),
        group="source tokens",
    )
