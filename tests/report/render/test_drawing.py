"""How figures look."""

import re
from collections.abc import Mapping

import pytest
from matplotlib.axes import Axes

from attnbench.report.render.drawing import Drawing, draw, swatch
from attnbench.report.render.elements import Figure, Panel
from attnbench.report.render.fonts import fallbacks
from attnbench.report.render.style import INK, Style, line, styles
from attnbench.report.sources.runs import MECHANISMS


def plot(axes: Axes, styles: Mapping[str, Style]) -> None:
    axes.plot([1, 2], [3, 5], **line(styles["dot"]))
    axes.set_xlabel("x & y < z")


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    panels = (Panel("one", plot, 3.0, 2.0), Panel("two", plot, 3.0, 2.0))
    return draw(Figure("pair", "two lines", "", panels, ("dot",)), styles(["dot"]))


def test_a_mechanism_looks_the_same_whatever_it_is_compared_with() -> None:
    alone, among = styles(["general"]), styles([*MECHANISMS, "a", "zeta"])
    assert alone["general"] == among["general"]
    assert list(styles(["zeta", "dot", "none"])) == ["none", "dot", "zeta"]


@pytest.mark.parametrize("part", ["light", "dark", "marker", "dashes"])
def test_mechanisms_differ_in_colour_and_without_it(part: str) -> None:
    found = [getattr(style, part) for style in styles([*MECHANISMS, *"abcdef"][:12]).values()]
    assert len(set(found)) == len(found) == 12


def test_a_drawing_is_the_same_every_time(drawing: Drawing) -> None:
    panels = (Panel("one", plot, 3.0, 2.0), Panel("two", plot, 3.0, 2.0))
    assert draw(Figure("pair", "two lines", "", panels, ("dot",)), styles(["dot"])) == drawing


def test_a_file_is_a_complete_picture(drawing: Drawing) -> None:
    svg = drawing.file.decode()
    assert {"one", "two", "dot"} <= set(re.findall(r">([^<>\n]+)</text>", svg))
    assert INK in svg


def test_panels_take_their_colours_from_the_page(drawing: Drawing) -> None:
    for title, width, svg in drawing.panels:
        assert (title in ("one", "two"), width) == (True, 288)
        assert svg.startswith('<svg aria-hidden="true"')
        assert "var(--mechanism-1)" in svg
        assert "var(--ink)" in svg
        assert not re.search(r"#[0-9a-f]{6}", svg)
        assert "x &amp; y &lt; z" in svg


def test_a_swatch_is_the_marker_as_a_polygon() -> None:
    assert swatch(styles(["dot"])["dot"]) == "-0.92,0.92 0.92,0.92 0.92,-0.92 -0.92,-0.92"


def test_a_character_that_no_font_has_is_kept_without_a_warning() -> None:
    def label(axes: Axes, _: Mapping[str, Style]) -> None:
        axes.set_xlabel("\U0001f9ff\u4e2d")

    panel = Panel("one", label, 3.0, 2.0)
    file = draw(Figure("one", "", "", [panel]), {}).file.decode()
    assert "\U0001f9ff\u4e2d" in file


def test_the_fonts_own_characters_need_no_other_font() -> None:
    assert fallbacks(frozenset("a\u00e9\u0416")) == ((), frozenset())
    families, missing = fallbacks(frozenset("a\ue123"))
    assert (missing == {"\ue123"}) == (not families)
