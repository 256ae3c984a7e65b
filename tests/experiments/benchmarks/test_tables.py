"""The tables of reports/speed/README.md are those that its CSV files give."""

import re

import pandas

from experiments.benchmarks.tables import SPEED, TABLES, Column, number, table, text, with_tables


def test_the_published_page_holds_every_table_as_the_command_writes_it() -> None:
    page = (SPEED / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"<!-- table (\w+) -->", page)) == sorted(TABLES)
    assert page == with_tables(page), "Run python -m experiments.benchmarks.tables"


def test_a_marked_table_is_replaced_and_the_text_around_it_stays() -> None:
    page = "before\n\n<!-- table overhead -->\nold\n<!-- end -->\n\nafter\n"
    assert (
        with_tables(page) == f"before\n\n<!-- table overhead -->\n\n{TABLES['overhead']()}\n\n<!-- end -->\n\nafter\n"
    )


def test_a_table_has_text_on_the_left_numbers_on_the_right_and_nothing_where_nothing_was_measured() -> None:
    rows = pandas.DataFrame({"variant": ["dot", "general"], "rate": [1234.5, float("nan")], "steps": [7, 11]})
    columns = (
        text("variant"),
        number("tokens/s", "rate", ",.1f"),
        Column("steps", lambda row: f"{row['steps']} steps"),
    )
    assert table(rows, *columns) == (
        "| variant | tokens/s | steps |\n|---|---:|---:|\n| dot | 1,234.5 | 7 steps |\n| general |  | 11 steps |"
    )
