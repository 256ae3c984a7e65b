"""A table as CSV (unrounded), LaTeX and Markdown (as readers see it)."""

import itertools
import re

from attnbench.report.render.elements import Cell, Column, Table

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
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


def to_csv(table: Table) -> bytes:
    """The unrounded values behind the table."""
    return table.data.to_csv(index=False, lineterminator="\n").encode()


def to_latex(table: Table) -> bytes:
    """A LaTeX table; the package `booktabs` is all that it needs."""
    layout = "".join("r" if column.numeric else "l" for column in table.columns)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_latex(table.caption)}}}",
        rf"\label{{tab:{table.slug}}}",
        rf"\begin{{tabular}}{{{layout}}}",
        r"\toprule",
        *_latex_groups(table.columns),
        " & ".join(_latex(heading(column)) for column in table.columns) + r" \\",
        r"\midrule",
        *(" & ".join(_latex_cell(cell) for cell in row) + r" \\" for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return ("\n".join(lines) + "\n").encode()


def to_markdown(table: Table) -> str:
    """A pipe table; the detail of a cell follows its text."""
    lines = [
        "| " + " | ".join(_pipe(heading(column)) for column in table.columns) + " |",
        "|" + "|".join("---:" if column.numeric else "---" for column in table.columns) + "|",
        *("| " + " | ".join(_markdown_cell(cell) for cell in row) + " |" for row in table.rows),
    ]
    return "\n".join(lines)


def heading(column: Column) -> str:
    """A column's header with its unit."""
    return f"{column.header} ({column.unit})" if column.unit else column.header


def groups(columns: tuple[Column, ...]) -> list[tuple[str, int]]:
    """The headings above the headers: text and number of columns; empty where no column has a group."""
    found = [(name, len(list(members))) for name, members in itertools.groupby(column.group for column in columns)]
    return found if any(name for name, _ in found) else []


def _latex_groups(columns: tuple[Column, ...]) -> list[str]:
    cells, rules, place = [], [], 1
    for name, span in groups(columns):
        cells.append(rf"\multicolumn{{{span}}}{{c}}{{{_latex(name)}}}" if name else " & ".join([""] * span))
        if name:
            rules.append(rf"\cmidrule(lr){{{place}-{place + span - 1}}}")
        place += span
    return [" & ".join(cells) + r" \\", " ".join(rules)] if cells else []


def _latex(text: str) -> str:
    plain = re.sub(r"[`]|\*\*", "", text)
    return "".join(_LATEX.get(character, character) for character in plain)


def _latex_cell(cell: Cell) -> str:
    text = _latex(" ".join(part for part in (cell.text, cell.detail) if part))
    return rf"\textbf{{{text}}}" if cell.strong else text


def _pipe(text: str) -> str:
    return text.replace("|", r"\|")


def _markdown_cell(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.strong else cell.text
    return _pipe(" ".join(part for part in (text, cell.detail) if part))
