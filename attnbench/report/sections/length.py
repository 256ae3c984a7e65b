"""BLEU by the length of the source sentence, with the training limit marked."""

from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes

from attnbench.metrics import key_of, metric_of
from attnbench.report.comparison.estimates import length_buckets
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant, by_setting
from attnbench.report.render.elements import Cell, Content, Field, Figure, Panel, Table, Text
from attnbench.report.render.fields import factor_fields
from attnbench.report.render.style import FRONT, INK, Style, from_zero, line
from attnbench.scoring.length import MINIMUM_BUCKET_SENTENCES, Bucket
from attnbench.wording import DASH, number

Buckets = Mapping[Variant, Sequence[Bucket]]
"""The length buckets of each variant that has some."""


def content(study: Study) -> Content:
    """Figure and table of BLEU by length bucket."""
    buckets = {variant: found for variant in study.finished if (found := length_buckets(variant))}
    if not buckets:
        return (
            "it needs the per-sentence statistics of the test set (sentences.csv), and "
            f"buckets of at least {MINIMUM_BUCKET_SENTENCES} sentences."
        )
    explanation = (
        "Test sentences in buckets of ten by their source tokens; a bucket needs "
        f"{MINIMUM_BUCKET_SENTENCES} sentences. The bars are 95 % bootstrap intervals over sentences of the mean over "
        "seeds: they show how far the test set leaves the value open, not what other seeds would give."
    )
    table = Table(
        slug="length",
        caption="BLEU by source length in tokens, mean over seeds, with 95 % bootstrap intervals over sentences",
        fields=(
            *factor_fields(list(buckets)),
            *(_bucket_field(buckets, low, high) for low, high in _bounds(buckets)),
        ),
        rows=list(buckets),
    )
    return [Text(explanation), _figure(buckets), table]


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
    axes.set_ylim(from_zero(bucket.bleu.high for row in buckets.values() for bucket in row))
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
    shown = metric_of(key).format
    names = (key, f"{key}_low", f"{key}_high", sentences)
    numbers = {
        variant: (bucket.bleu.value, bucket.bleu.low, bucket.bleu.high, bucket.sentences)
        for variant, row in buckets.items()
        for bucket in row
        if bucket.low == low
    }

    def cell(variant: Variant) -> Cell:
        if variant not in numbers:
            return Cell(DASH)
        value, least, most, _ = numbers[variant]
        return Cell(shown(value), f"[{shown(least)}, {shown(most)}]")

    def values(variant: Variant) -> dict[str, object]:
        return dict(zip(names, numbers.get(variant, [""] * len(names)), strict=True))

    return Field(_range(low, high), cell, values, group="source tokens")
