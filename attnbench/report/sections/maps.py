"""Attention maps: the same test sentences, one map a mechanism, side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from attnbench.records import AttentionMap
from attnbench.report.comparison.maps import choose_maps
from attnbench.report.comparison.study import Study
from attnbench.report.render.elements import Content, Figure, Panel, Text
from attnbench.report.render.fonts import fallbacks
from attnbench.report.render.style import MUTED, Style
from attnbench.special_tokens import EOS, SPECIAL_TOKENS
from attnbench.wording import counted, listed, visible

_PANEL_INCHES = 3.15
"""Width up to which three maps stand side by side on the page."""
_INK = "#2c6fbb"
"""Weight 1; weight 0 is transparent, so that maps stand on light and dark paper."""
_ROUNDING = 0.01
"""By how much a row of rounded weights may miss its sum."""


def content(study: Study) -> Content:
    """The maps of up to three sentences: a short, a medium and a long one."""
    maps = choose_maps(study.finished)
    if not maps:
        return "no run has attention maps."
    if not any(maps.values()):
        return "no two mechanisms have an attention map of the same sentence."
    first = next(iter(maps))
    setting = next(variant.setting for variant in study.finished if first in variant.runs)
    by_mechanism = {run.params["attention"]: entries for run, entries in maps.items()}
    without = [f"`{name}`" for name in study.mechanisms if name not in by_mechanism]
    explanation = (
        f"Weights of seed {first.seed}{f', {setting}' if setting else ''}, under the model's own translation: source "
        f"tokens from left to right, target tokens from top to bottom. {_sums(maps.values())}. The stronger the "
        "colour, the larger the weight. "
    )
    if without:
        explanation += f"Without a map, or with equal weights everywhere: {listed(without)}."
    figures = [_figure(dict(zip(by_mechanism, row, strict=True))) for row in zip(*by_mechanism.values(), strict=True)]
    return [Text(explanation), *figures]


def _sums(maps: Iterable[Sequence[AttentionMap]]) -> str:
    """What the rows of the maps sum to, and whether the weight on EOS is among it."""
    entries = [entry for one in maps for entry in one]
    if all(abs(sum(row) - 1) <= _ROUNDING for entry in entries for row in entry.weights):
        return "Each row sums to 1"
    hidden = any(entry.source[-1] != SPECIAL_TOKENS[EOS] for entry in entries)
    return f"{'EOS is not shown; rows' if hidden else 'Rows'} need not sum to 1"


def _figure(entries: Mapping[str, AttentionMap]) -> Figure:
    """The maps of one sentence, by mechanism, with visible control characters."""
    entries = {
        name: replace(entry, source=list(map(visible, entry.source)), target=list(map(visible, entry.target)))
        for name, entry in entries.items()
    }
    first = next(iter(entries.values()))
    tokens = (token for entry in entries.values() for token in (*entry.source, *entry.target))
    _, missing = fallbacks(frozenset("".join(tokens)))
    caption = f"Test sentence {first.sentence + 1}: {' '.join(first.source)}"
    if missing:
        caption += (
            f". No installed font has {counted(len(missing), 'character')} of these maps: the reader's fonts decide "
            "whether they are seen."
        )
    return Figure(
        slug=f"map-{first.sentence}",
        alt=f"Attention maps of test sentence {first.sentence + 1} for {listed(list(entries))}: "
        f"{len(first.source)} source tokens, {len(first.target)} target tokens.",
        caption=caption,
        panels=[Panel(name, partial(_draw, entry), *_size(entry)) for name, entry in entries.items()],
    )


def _size(entry: AttentionMap) -> tuple[float, float]:
    """Inches: one size for every token, and room for the labels."""
    token = _token_inches(entry)
    above, left = (token * (0.6 + 0.42 * max(map(len, tokens))) for tokens in (entry.source, entry.target))
    return token * len(entry.source) + left, token * len(entry.target) + above


def _token_inches(entry: AttentionMap) -> float:
    tokens = len(entry.source) + 0.6 + 0.42 * max(map(len, entry.target))
    return min(0.18, _PANEL_INCHES / tokens)


def _draw(entry: AttentionMap, axes: Axes, _: Mapping[str, Style]) -> None:
    weights = np.asarray(entry.weights, dtype=np.float64)
    # (target, source) weights become the opacity of one colour: (target, source, red green blue alpha).
    image = np.empty((*weights.shape, 4))
    image[..., :3], image[..., 3] = to_rgb(_INK), np.clip(weights, 0, 1)
    axes.imshow(image, interpolation="none", aspect="equal")
    points = 0.7 * 72 * _token_inches(entry)
    axes.set_xticks(range(weights.shape[1]), entry.source, rotation=90, fontsize=points)
    axes.set_yticks(range(weights.shape[0]), entry.target, fontsize=points)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[["top", "right"]].set_visible(True)
    axes.spines[:].set_color(MUTED)
