"""Fonts for the characters that the figures' own font lacks, such as Chinese and Japanese ones."""

from functools import cache

from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from attnbench.report.render.style import RC

FAMILIES: list[str] = list(RC["font.family"])
"""The figures' own font."""

_BOXES = "Last Resort"  # Matplotlib's own: it has every character, as a box


@cache
def fallbacks(characters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Installed font families for those `characters` that the figures' own font lacks, and what no font has."""
    missing = characters - _characters_of(findfont(FontProperties(family=FAMILIES)))
    families = []
    for name, path in sorted(_regular_fonts().items()) if missing else ():
        if drawable := missing & _characters_of(path):
            families.append(name)
            missing -= drawable
    return tuple(families), missing


def _regular_fonts() -> dict[str, str]:
    """The file of each installed family's regular font."""
    regular = (font for font in fontManager.ttflist if (font.weight, font.style) == (400, "normal"))
    return {font.name: font.fname for font in regular if not font.name.startswith(_BOXES)}


@cache
def _characters_of(path: str) -> frozenset[str]:
    return frozenset({"\n", *map(chr, get_font(path).get_charmap())})
