"""A table as CSV (unrounded), LaTeX and Markdown (as readers see it)."""

import re
from collections.abc import Iterable
from typing import Any

from attnbench.report.render.elements import Cell, Table
from attnbench.report.sources.saved import write_csv

_NUMBER = r"[+-]?[\d.]+(e[+-]?\d+)?"
_LATEX = str.maketrans(
    {
        **{character: rf"\{character}" for character in "&%$#_{}"},
        **{character: f"${character}$" for character in "<>|"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
        "\u2212": r"$-$",
        "\u2013": "--",
        "÷": r"$\div$",
        "·": r"$\cdot$",
        "×": r"$\times$",
        "≤": r"$\le$",
        "∞": r"$\infty$",
        "³": r"$^3$",
    }
)


def to_csv(table: Table[Any]) -> bytes:
    """The unrounded values behind the table, empty where there is none."""
    rows = [{key: _inert(value) for key, value in record.items()} for record in table.records]
    return write_csv(list(rows[0]), rows)


def _inert(value: object) -> object:
    """What a cell holds: nothing for NaN; text that a spreadsheet would take for a formula follows an apostrophe."""
    if isinstance(value, str):
        return f"'{value}" if re.match(r"[=+\-@\t\r]", value) and not re.fullmatch(_NUMBER, value) else value
    return "" if value != value else value


def to_latex(table: Table[Any]) -> bytes:
    """A LaTeX table; the package `booktabs` is all that it needs."""
    layout = "".join("r" if column.numeric else "l" for column in table.fields)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_latex(table.caption)}}}",
        rf"\label{{tab:{table.slug}}}",
        rf"\begin{{tabular}}{{{layout}}}",
        r"\toprule",
        *_latex_groups(table),
        " & ".join(_latex(column.heading) for column in table.fields) + r" \\",
        r"\midrule",
        *(" & ".join(_latex_cell(cell) for cell in row) + r" \\" for row in table.cells),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return ("\n".join(lines) + "\n").encode()


def to_markdown(table: Table[Any]) -> str:
    """A pipe table; the detail of a cell follows its text."""
    lines = [
        _markdown_row(column.heading for column in table.fields),
        "|" + "|".join("---:" if column.numeric else "---" for column in table.fields) + "|",
        *(_markdown_row(map(_markdown_cell, row)) for row in table.cells),
    ]
    return "\n".join(lines)


def _markdown_row(cells: Iterable[str]) -> str:
    lines = (" ".join(text.splitlines()) for text in cells)
    return "| " + " | ".join(text.replace("|", r"\|") for text in lines) + " |"


def _latex_groups(table: Table[Any]) -> list[str]:
    """The row of headings above the header, and the rules below them."""
    cells, rules, first = [], [], 1
    for name, span in table.groups:
        cells.append(rf"\multicolumn{{{span}}}{{c}}{{{_latex(name)}}}" if name else " & ".join([""] * span))
        if name:
            rules.append(rf"\cmidrule(lr){{{first}-{first + span - 1}}}")
        first += span
    return [" & ".join(cells) + r" \\", " ".join(rules)] if cells else []


def _latex(text: str) -> str:
    return re.sub(r"`|\*\*", "", text).translate(_LATEX)


def _latex_cell(cell: Cell) -> str:
    text = _latex(f"{cell.text} {cell.detail}".strip())
    return rf"\textbf{{{text}}}" if cell.strong else text


def _markdown_cell(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.strong else cell.text
    return f"{text} {cell.detail}".strip()
