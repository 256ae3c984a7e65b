"""A benchmark's table, on the terminal and as a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.benchmarks import rows

COLUMNS = {"variant": "", "same": ".1%", "rate": ",.0f", "ratio_of_times_low": ".2f"}
TABLE = """\
       variant            same            rate  ratio_of_times_low
           dot                           1,234                1.50
       general                              56
"""
FILE = """\
variant,rate,ratio_of_times_low
dot,1234.25,1.5
general,56.0,
"""


def test_the_table_has_all_columns_and_the_file_those_that_a_row_has(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    nothing = float("nan")
    measured: list[rows.Row] = [
        {"variant": "dot", "rate": 1234.25, "ratio_of_times_low": 1.5, "same": nothing},
        {"variant": "general", "rate": 56.0, "same": nothing},
    ]
    rows.report(measured, COLUMNS, tmp_path / "table.csv")
    assert capsys.readouterr().out == TABLE
    assert (tmp_path / "table.csv").read_bytes().decode() == FILE


def test_a_row_is_printed_before_the_next_one_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    def measured() -> Iterator[rows.Row]:
        yield {"variant": "dot"}
        assert capsys.readouterr().out.split() == [*COLUMNS, "dot"]
        yield {"variant": "general"}

    rows.report(measured(), COLUMNS, None)
    assert capsys.readouterr().out.split() == ["general"]
