"""Tables as CSV, LaTeX and Markdown."""

from typing import Any

import pytest

from attnbench.report.render.elements import Cell, Field, Table
from attnbench.report.render.page import inline, plain
from attnbench.report.render.tables import to_csv, to_latex, to_markdown

Row = tuple[str, float, Cell]


@pytest.fixture
def table() -> Table[Row]:
    return Table(
        slug="numbers",
        caption="100 % of `none_input`",
        fields=(
            Field("attention", lambda row: Cell(row[0]), lambda row: {"attention": row[0]}, numeric=False),
            Field("BLEU", lambda row: row[2], lambda row: {"test/bleu": row[1]}, group="quality"),
            Field("speed", lambda row: Cell("5,000"), lambda row: {}, "tokens/s"),
        ),
        rows=(
            ("none_input", 1 / 3, Cell("43.00", "± 0.50", strong=True)),
            ("None|b", float("nan"), Cell("\u22122.50")),
        ),
    )


def test_csv_holds_the_unrounded_values(table: Table[Any]) -> None:
    assert to_csv(table).decode() == "attention,test/bleu\nnone_input,0.3333333333333333\nNone|b,\n"


def test_latex_is_a_booktabs_table(table: Table[Any]) -> None:
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
        r"None$|$b & $-$2.50 & 5,000 \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]


def test_markdown_is_a_pipe_table(table: Table[Any]) -> None:
    assert to_markdown(table).splitlines() == [
        "| attention | BLEU | speed (tokens/s) |",
        "|---|---:|---:|",
        "| none_input | **43.00** ± 0.50 | 5,000 |",
        "| None\\|b | \u22122.50 | 5,000 |",
    ]


def test_neighbours_of_a_group_share_its_heading() -> None:
    names = (("a", ""), ("b", "x"), ("c", "x"), ("d", "y"))
    fields: list[Field[str]] = [Field(name, lambda row: Cell(""), lambda row: {}, group=group) for name, group in names]
    assert Table("t", "", fields, ()).groups == [("", 1), ("x", 2), ("y", 1)]
    assert Table("t", "", fields[:1], ()).groups == []


def test_texts_may_hold_code_and_strong_words_and_nothing_else() -> None:
    assert inline("`a_b` is **not** <b>") == "<code>a_b</code> is <strong>not</strong> &lt;b&gt;"


@pytest.mark.parametrize(
    ("value", "cell"),
    [("=1+1", "'=1+1"), ("+a", "'+a"), ("-a", "'-a"), ("@a", "'@a"), ("\ta", "'\ta"), ("-0.5", "-0.5"), (-0.5, "-0.5")],
)
def test_csv_holds_no_formula_and_leaves_numbers_alone(value: object, cell: str) -> None:
    one = Table("one", "", [Field("name", lambda row: Cell(str(row)), lambda row: {"name": row})], [value])
    assert to_csv(one).decode() == f"name\n{cell}\n"


def test_a_row_of_markdown_is_one_line(table: Table[Any]) -> None:
    one = Table("one", "", [Field("name", lambda row: Cell(row), lambda row: {"name": row})], ["a\nb|c"])
    assert to_markdown(one).splitlines()[-1] == r"| a b\|c |"


def test_markdown_holds_no_html() -> None:
    assert plain("a < b `<unk>` <script> </p>") == "a < b `<unk>` &lt;script> &lt;/p>"
