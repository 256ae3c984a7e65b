"""Figures as files, and their panels as SVG that is part of the page and follows its light and dark colours."""

import io
import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.text import Text

from attnbench.report.render.elements import Figure, Panel
from attnbench.report.render.fonts import FAMILIES, fallbacks
from attnbench.report.render.style import FRONT, GRID, INK, MUTED, PAPER, RC, Style, line

_PAGE_COLOURS = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", FRONT: "var(--muted)"}
_PAGE_INCHES = 9.6
"""Width up to which panels of a file stand side by side."""

FORMAT = "svg"
"""The form in which figures are written beside the page: svg or png."""


@dataclass(frozen=True)
class Drawing:
    """A figure as it is written: its file in `FORMAT`, and its panels for the page as `(title, width in px, SVG)`."""

    file: bytes
    panels: tuple[tuple[str, int, str], ...]


def draw(figure: Figure, styles: Mapping[str, Style]) -> Drawing:
    """Draws all panels on one canvas for the file, and each on its own for the page."""
    parameters: Any = RC | {"svg.hashsalt": figure.slug}
    with matplotlib.rc_context(parameters), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a caption names them; a browser may have them
        file = _saved(_sheet(figure, styles), FORMAT)
        panels = tuple(
            (panel.title, round(96 * panel.width), _inline(panel, f"{figure.slug}-{index}", styles))
            for index, panel in enumerate(figure.panels)
        )
    return Drawing(file, panels)


def swatch(style: Style) -> str:
    """The polygon of a mechanism's marker, for a viewBox of -1 -1 2 2."""
    marker = MarkerStyle(style.marker)
    path = marker.get_path().transformed(marker.get_transform())
    outline = np.asarray(path.to_polygons(closed_only=True)[0])
    scale = 0.92 / np.abs(outline).max()
    return " ".join(f"{x * scale:.2f},{-y * scale:.2f}" for x, y in outline[:-1])


def _sheet(figure: Figure, styles: Mapping[str, Style]) -> Canvas:
    """All panels in rows as wide as a page, the legend below them."""
    width = max(panel.width for panel in figure.panels)
    columns = min(len(figure.panels), max(1, math.floor(_PAGE_INCHES / width)))
    rows = math.ceil(len(figure.panels) / columns)
    heights = [max(panel.height for panel in figure.panels[row * columns :][:columns]) for row in range(rows)]
    shown = [name for name in styles if name in figure.mechanisms]
    legend = 0.35 if shown else 0.0
    canvas = Canvas(figsize=(width * columns, sum(heights) + legend + 0.25), layout="constrained")
    grid = canvas.add_gridspec(rows, columns, height_ratios=heights)
    for index, panel in enumerate(figure.panels):
        axes = canvas.add_subplot(grid[divmod(index, columns)])
        panel.draw(axes, styles)
        axes.set_title(panel.title)
    if shown:
        handles = [Line2D([], [], label=name, **line(styles[name])) for name in shown]
        columns = min(len(shown), round(canvas.get_figwidth() / 1.25))
        canvas.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=3)
    return _laid_out(canvas)


def _inline(panel: Panel, salt: str, styles: Mapping[str, Style]) -> str:
    """One panel without its title, in the page's colours, without anything that names another document."""
    with matplotlib.rc_context({"svg.hashsalt": salt}):
        canvas = Canvas(figsize=(panel.width, panel.height), layout="constrained")
        panel.draw(canvas.add_subplot(), styles)
        text = _saved(_laid_out(canvas), "svg").decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="patch_1">.*?</g>', "", text, count=1, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"| version="1.1"', "", text)
    text = re.sub(r'<svg width="[^"]*" height="[^"]*"', '<svg aria-hidden="true"', text, count=1)
    text = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", text)
    for name, style in styles.items():
        text = text.replace(style.light, f"var(--{colour_name(name, styles)})")
    for colour, variable in _PAGE_COLOURS.items():
        text = text.replace(colour, variable)
    return re.sub(r"\n\s*", "\n", text).strip()


def _laid_out(canvas: Canvas) -> Canvas:
    """Fixes the layout once, so that every format shows the same and none computes it again."""
    FigureCanvasAgg(canvas)
    canvas.draw_without_rendering()
    texts = canvas.findobj(Text)
    families, _ = fallbacks(frozenset("".join(text.get_text() for text in texts)))
    if families:
        for text in texts:
            text.set_fontfamily([*FAMILIES, *families])
        canvas.draw_without_rendering()
    canvas.set_layout_engine(None)
    return canvas


def colour_name(mechanism: str, styles: Mapping[str, Style]) -> str:
    """The name of a mechanism's colour among the page's variables."""
    return f"mechanism-{list(styles).index(mechanism) + 1}"


def _saved(canvas: Canvas, form: str) -> bytes:
    file = io.BytesIO()
    metadata = {"Date": None, "Creator": None, "Format": None, "Type": None} if form == "svg" else {"Software": None}
    canvas.savefig(file, format=form, metadata=metadata, facecolor=PAPER)
    return file.getvalue()
