"""Attention maps: the same test sentences, one map a mechanism, side by side."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant, settings_of
from attnbench.report.render.elements import Figure, Panel, Section, Text
from attnbench.report.render.style import MUTED
from attnbench.report.sources.runs import Run
from attnbench.wording import listed

SENTENCES = 3
_READABLE_TOKENS = 30
_PANEL_INCHES = 3.15
"""Width up to which three maps stand side by side on the page."""
_INK = "#2c6fbb"
"""Weight 1; weight 0 is transparent, so that maps stand on light and dark paper."""


def section(study: Study) -> Section:
    """The maps of up to three sentences: a short, a middling and a long one."""
    chosen = chosen_runs(study)
    sentences = chosen_sentences(chosen)
    if not sentences:
        reason = (
            "no two mechanisms have an attention map of the same sentence." if chosen else "no run has attention maps."
        )
        return Section("maps", "Attention maps", left_out=reason)
    setting, seed = chosen[0][0].setting, chosen[0][1].seed
    shown = {variant.attention for variant, _ in chosen}
    without = [name for name in study.looks if name not in shown]
    explanation = (
        f"Weights of seed {seed}{f', {setting}' if setting else ''}, under the model's own translation: source tokens "
        "from left to right, target tokens from top to bottom. Each row sums to 1: the stronger the colour, the more. "
    )
    if without:
        explanation += f"Without a map, or with equal weights everywhere: {listed([f'`{name}`' for name in without])}."
    return Section("maps", "Attention maps", [Text(explanation), *(_figure(chosen, index) for index in sentences)])


def chosen_runs(study: Study) -> list[tuple[Variant, Run]]:
    """In the setting with most mechanisms that have telling maps, the first seed of each."""
    best: list[tuple[Variant, Run]] = []
    for group in settings_of(study.finished).values():
        found = [(variant, next((run for run in variant.runs if _telling(run)), None)) for variant in group]
        known = [(variant, run) for variant, run in found if run is not None]
        best = known if len(known) > len(best) else best
    return best


def chosen_sentences(chosen: Sequence[tuple[Variant, Run]]) -> list[int]:
    """Of the sentences that every chosen run has a map of, the shortest, the middle and the longest readable one."""
    shared = (
        set.intersection(*({entry["sentence"] for entry in _drawable(run)} for _, run in chosen)) if chosen else set()
    )
    size = {index: max(max(_map(run, index)["weights_shape"]) for _, run in chosen) for index in shared}
    ordered = sorted(shared, key=lambda index: (size[index], index))
    readable = [index for index in ordered if size[index] <= _READABLE_TOKENS] or ordered[:1]
    places = np.linspace(0, len(readable) - 1, min(SENTENCES, len(readable))).round().astype(int)
    return [readable[place] for place in places]


def _telling(run: Run) -> bool:
    """Whether any of the run's maps holds weights that differ."""
    return any(np.ptp(entry["weights"]) > 1e-3 for entry in _drawable(run))


def _drawable(run: Run) -> list[dict[str, Any]]:
    """The maps of hypotheses that are not empty."""
    return [entry for entry in run.maps if entry["source"] and entry["target"]]


def kept_maps(study: Study) -> dict[str, list[dict[str, Any]]]:
    """The maps that the section shows, by run: what the report saves."""
    chosen = chosen_runs(study)
    sentences = chosen_sentences(chosen)
    return {run.run_id: [entry for entry in run.maps if entry["sentence"] in sentences] for _, run in chosen}


def _map(run: Run, sentence: int) -> dict[str, Any]:
    entry = next(entry for entry in run.maps if entry["sentence"] == sentence)
    return entry | {"weights_shape": np.shape(entry["weights"])}


def _figure(chosen: Sequence[tuple[Variant, Run]], sentence: int) -> Figure:
    maps = [(variant.attention, _map(run, sentence)) for variant, run in chosen]
    source = " ".join(maps[0][1]["source"])
    return Figure(
        slug=f"map-{sentence}",
        alt=f"Attention maps of test sentence {sentence + 1} for {listed([name for name, _ in maps])}: "
        f"{len(maps[0][1]['source'])} source tokens, {len(maps[0][1]['target'])} target tokens.",
        caption=f"Test sentence {sentence + 1}: {source}",
        panels=tuple(Panel(name, partial(_draw, entry=entry), *_size(entry)) for name, entry in maps),
    )


def _size(entry: dict[str, Any]) -> tuple[float, float]:
    """Inches: one size for every token, and room for the labels."""
    target, source = entry["weights_shape"]
    token = _token_inches(entry)
    above, beside = (token * (0.6 + 0.42 * max(map(len, entry[side]))) for side in ("source", "target"))
    return token * source + beside, token * target + above


def _token_inches(entry: dict[str, Any]) -> float:
    tokens = entry["weights_shape"][1] + 0.6 + 0.42 * max(map(len, entry["target"]))
    return min(0.18, _PANEL_INCHES / tokens)


def _draw(axes: Axes, entry: dict[str, Any]) -> None:
    weights = np.asarray(entry["weights"], dtype=np.float64)
    image = np.empty((*weights.shape, 4))
    image[..., :3], image[..., 3] = to_rgb(_INK), np.clip(weights, 0, 1)
    axes.imshow(image, interpolation="none", aspect="equal")
    points = 0.7 * 72 * _token_inches(entry)
    axes.set_xticks(range(weights.shape[1]), entry["source"], rotation=90, fontsize=points)
    axes.set_yticks(range(weights.shape[0]), entry["target"], fontsize=points)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[["top", "right"]].set_visible(True)
    axes.spines[:].set_color(MUTED)
