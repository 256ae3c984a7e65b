"""How figures look: one colour, marker and dash pattern a mechanism, the same in every figure, in light and in dark."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any

import matplotlib
import pandas as pd

from attnbench.report.sources.runs import MECHANISMS, mechanism_order

with as_file(files("attnbench.report.render").joinpath("report.mplstyle")) as path:
    _loaded: Any = matplotlib.rc_params_from_file(path, use_default_template=False)
RC: dict[str, Any] = dict(_loaded)
"""Matplotlib's settings for every figure."""

INK, MUTED, GRID, PAPER = (RC[key] for key in ("text.color", "xtick.color", "grid.color", "figure.facecolor"))
"""Text and axes, secondary text, grid, background: the page replaces them by its own for light and dark."""

FRONT = "#8c95a0"
"""Reference lines and the Pareto front."""


@dataclass(frozen=True)
class Style:
    """How one mechanism is drawn: colours on light and dark paper, matplotlib's marker, and dashes in line widths."""

    light: str
    dark: str
    marker: str
    dashes: tuple[float, ...]


_STYLES = (
    Style("#767c85", "#9aa4af", "X", (1.0, 1.5)),
    Style("#9b30e0", "#b57bff", "P", (1.0, 1.5, 1.0, 1.5, 4.0, 1.5)),
    Style("#6b3d00", "#ffe14d", "v", (6.0, 1.5, 1.0, 1.5, 1.0, 1.5)),
    Style("#d55e00", "#f0863a", "o", ()),
    Style("#0072b2", "#58aef0", "s", (4.0, 1.6)),
    Style("#009e73", "#2fc596", "D", (6.0, 1.5, 1.5, 1.5)),
    Style("#10206b", "#c7ffa6", "^", (2.5, 1.2)),
    Style("#a3195b", "#ff8fb3", "*", (8.0, 2.0)),
    Style("#4f6d0b", "#b5d33d", "h", (3.0, 1.0, 1.0, 1.0)),
    Style("#1d8fa8", "#7fe3f2", "<", (5.0, 1.0, 1.0, 1.0, 1.0, 1.0)),
    Style("#5b4636", "#c99a6b", ">", (2.0, 2.0)),
    Style("#3d3a8c", "#a7a3ff", "p", (1.5, 1.0)),
)
"""The presets take the first ones in their order, other mechanisms the next ones by name."""


def styles(mechanisms: Iterable[str]) -> dict[str, Style]:
    """The style of each mechanism, in their order: fixed for presets, by name for the others."""
    names = sorted(set(mechanisms), key=mechanism_order)
    numbered = [*MECHANISMS, *(name for name in names if name not in MECHANISMS)]
    return {name: _STYLES[numbered.index(name) % len(_STYLES)] for name in names}


def from_zero(values: Iterable[float]) -> tuple[float, float]:
    """Limits of an axis that starts at zero and has room above the largest value."""
    return 0.0, 1.06 * max(values) or 1.0


def line(style: Style) -> dict[str, Any]:
    """The style as matplotlib's arguments of a line with markers."""
    return {"color": style.light, "marker": style.marker, "linestyle": (0, style.dashes) if style.dashes else "-"}


def by_mechanism(frame: pd.DataFrame, styles: Mapping[str, Style]) -> dict[str, Any]:
    """Seaborn's arguments of a line a mechanism, over the rows of `frame`, whose `attention` names it."""
    shown = {name: style for name, style in styles.items() if name in set(frame["attention"])}
    return {
        "data": frame,
        "hue": "attention",
        "hue_order": list(shown),
        "palette": {name: style.light for name, style in shown.items()},
        "style": "attention",
        "style_order": list(shown),
        "dashes": {name: style.dashes for name, style in shown.items()},
        "errorbar": None,
        "legend": False,
    }
