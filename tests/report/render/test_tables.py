"""Tables as CSV, LaTeX and Markdown."""

import pandas as pd
import pytest

from attnbench.report.render.elements import Cell, Column, Table
from attnbench.report.render.page import inline
from attnbench.report.render.tables import groups, to_csv, to_latex, to_markdown


@pytest.fixture
def table() -> Table:
    return Table(
        slug="numbers",
        caption="100 % of `none_input`",
        columns=(Column("attention", numeric=False), Column("BLEU", group="quality"), Column("speed", "tokens/s")),
        rows=(
            (Cell("none_input"), Cell("43.00", "± 0.50", strong=True), Cell("5,000")),
            (Cell("a|b"), Cell("\u22122.50"), Cell("–")),
        ),
        data=pd.DataFrame({"attention": ["none_input", "None"], "test/bleu": [1 / 3, float("nan")]}),
    )


def test_csv_holds_the_unrounded_values(table: Table) -> None:
    assert to_csv(table).decode() == "attention,test/bleu\nnone_input,0.3333333333333333\nNone,\n"


def test_latex_is_a_booktabs_table(table: Table) -> None:
    assert to_latex(table).decode().splitlines() == [
        r"\begin{table}",
        r"\centering",
        r"\caption{100 \% of none\_input}",
        r"\label{tab:numbers}",
        r"\begin{tabular}{lrr}",
        r"\toprule",
        r" & \multicolumn{1}{c}{quality} &  \\",
        r"\cmidrule(lr){2-2}",
        r"attention & BLEU & speed (tokens/s) \\",
        r"\midrule",
        r"none\_input & \textbf{43.00 $\pm$ 0.50} & 5,000 \\",
        r"a$|$b & $-$2.50 & -- \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]


def test_markdown_is_a_pipe_table(table: Table) -> None:
    assert to_markdown(table).splitlines() == [
        "| attention | BLEU | speed (tokens/s) |",
        "|---|---:|---:|",
        "| none_input | **43.00** ± 0.50 | 5,000 |",
        "| a\\|b | \u22122.50 | – |",
    ]


def test_neighbours_of_a_group_share_its_heading() -> None:
    columns = tuple(Column(name, group=group) for name, group in (("a", ""), ("b", "x"), ("c", "x"), ("d", "y")))
    assert groups(columns) == [("", 1), ("x", 2), ("y", 1)]
    assert groups(columns[:1]) == []


def test_texts_may_hold_code_and_strong_words_and_nothing_else() -> None:
    assert inline("`a_b` is **not** <b>") == "<code>a_b</code> is <strong>not</strong> &lt;b&gt;"
