"""BLEU by the length of the source sentence, with the training limit marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from attnbench.report.comparison.estimates import generator
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant, settings_of
from attnbench.report.render.elements import Cell, Column, Figure, Panel, Section, Table, Text
from attnbench.report.render.naming import factor_cells, factor_columns
from attnbench.report.render.style import FRONT, INK, Look, from_zero, line
from attnbench.scoring.length import MINIMUM_BUCKET_SENTENCES, Bucket, bucket_bleu
from attnbench.wording import DASH, number


@dataclass(frozen=True, eq=False)
class _Profile:
    """A variant's BLEU by length bucket."""

    variant: Variant
    buckets: dict[tuple[int, int], Bucket]


def section(study: Study) -> Section:
    """Figure and table of BLEU by length bucket."""
    profiles = [found for variant in study.finished if (found := _profile(variant)) is not None]
    if not profiles:
        reason = (
            "it needs the per-sentence statistics of the test set (sentences.csv), and "
            f"buckets of at least {MINIMUM_BUCKET_SENTENCES} sentences."
        )
        return Section("length", "Quality by sentence length", left_out=reason)
    explanation = (
        "Test sentences in buckets of ten by their source tokens; a bucket needs "
        f"{MINIMUM_BUCKET_SENTENCES} sentences. The bars are 95 % bootstrap intervals over sentences of the mean over "
        "seeds: they show how much the test set, not training, leaves open."
    )
    return Section(
        "length", "Quality by sentence length", [Text(explanation), _figure(profiles, study), _table(profiles)]
    )


def _profile(variant: Variant) -> _Profile | None:
    known = [run.sentences for run in variant.runs if run.sentences is not None]
    known = [rows for rows in known if np.array_equal(rows[:, [0, -1]], known[0][:, [0, -1]])]
    if not known:
        return None
    statistics, lengths = np.stack(known)[..., 1:], known[0][:, 0]
    buckets = bucket_bleu(statistics, lengths, generator=generator(f"length {variant.label}"))
    return _Profile(variant, {(bucket.low, bucket.high): bucket for bucket in buckets}) if buckets else None


def _figure(profiles: Sequence[_Profile], study: Study) -> Figure:
    by_variant = {profile.variant: profile for profile in profiles}
    panels = tuple(
        Panel(
            setting,
            partial(_draw, profiles=[by_variant[variant] for variant in group], looks=study.looks),
            5.4 if len(settings_of(by_variant)) == 1 else 4.8,
        )
        for setting, group in settings_of(by_variant).items()
    )
    return Figure(
        slug="length",
        alt="BLEU by source length. "
        + " ".join(f"{profile.variant.label}: {_spoken(profile)}." for profile in profiles),
        caption="BLEU by source length. The dashed line marks the training limit: "
        "no longer sentence was seen in training.",
        panels=panels,
        mechanisms=tuple(dict.fromkeys(profile.variant.attention for profile in profiles)),
    )


def _spoken(profile: _Profile) -> str:
    return ", ".join(
        f"{number(bucket.bleu.value, 1)} at {_range(bounds)}" for bounds, bucket in profile.buckets.items()
    )


def _range(bounds: tuple[int, int]) -> str:
    return f"{bounds[0]}{DASH}{bounds[1]}"


def _draw(axes: Axes, profiles: Sequence[_Profile], looks: dict[str, Look]) -> None:
    bounds = sorted({bucket for profile in profiles for bucket in profile.buckets})
    for index, profile in enumerate(profiles):
        aside = 0.55 * (index - (len(profiles) - 1) / 2)
        middles = [(low + high) / 2 + aside for low, high in profile.buckets]
        found = [bucket.bleu for bucket in profile.buckets.values()]
        errors = [[one.value - one.low for one in found], [one.high - one.value for one in found]]
        axes.errorbar(
            middles,
            [one.value for one in found],
            yerr=errors,
            elinewidth=1,
            capsize=2,
            **line(looks[profile.variant.attention]),
        )
    axes.set_xticks([(low + high) / 2 for low, high in bounds], [_range(bucket) for bucket in bounds])
    axes.set_ylim(from_zero(bucket.bleu.high for profile in profiles for bucket in profile.buckets.values()))
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("source length (tokens)")
    axes.set_ylabel("BLEU (0\u2013100)")
    limits = {int(profile.variant.runs[0].params["sequence_length"]) for profile in profiles}
    for limit in limits:
        axes.axvline(limit + 0.5, color=FRONT, linewidth=1, linestyle=(0, (3, 2)), zorder=1)
        axes.annotate(
            f"training limit {limit}", (limit + 0.5, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
            textcoords="offset points", ha="center", va="bottom", color=INK, fontsize=8,
        )  # fmt: skip


def _table(profiles: Sequence[_Profile]) -> Table:
    bounds = sorted({bucket for profile in profiles for bucket in profile.buckets})
    records = [
        {
            **profile.variant.values,
            "source_tokens_low": low,
            "source_tokens_high": high,
            "sentences": bucket.sentences,
            "bleu": bucket.bleu.value,
            "bleu_low": bucket.bleu.low,
            "bleu_high": bucket.bleu.high,
        }
        for profile in profiles
        for (low, high), bucket in profile.buckets.items()
    ]
    return Table(
        slug="length",
        caption="BLEU by source length in tokens, mean over seeds, with 95 % bootstrap intervals over sentences",
        columns=(
            *factor_columns(list(profiles[0].variant.values)),
            *(Column(_range(bucket), group="source tokens") for bucket in bounds),
        ),
        rows=tuple(_row(profile, bounds) for profile in profiles),
        data=pd.DataFrame(records),
    )


def _row(profile: _Profile, bounds: Sequence[tuple[int, int]]) -> tuple[Cell, ...]:
    return (*factor_cells(profile.variant), *(_cell(profile.buckets.get(bucket)) for bucket in bounds))


def _cell(bucket: Bucket | None) -> Cell:
    if bucket is None:
        return Cell(DASH)
    found = bucket.bleu
    return Cell(number(found.value, 1), f"[{number(found.low, 1)}, {number(found.high, 1)}]")
