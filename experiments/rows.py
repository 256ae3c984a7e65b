"""The rows of a benchmark's table."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

Row = dict[str, str | float]
_LEAST_WIDTH = 14


def report(rows: Iterable[Row], columns: Mapping[str, str], output: Path | None) -> None:
    """Prints a row as soon as it is measured and writes all of them at the end.

    Args:
        rows: measured while they are asked for.
        columns: how each column is printed, by name.
        output: the CSV file to write; None for none.
    """
    widths = {name: max(_LEAST_WIDTH, len(name)) for name in columns}
    measured: list[Row] = []
    for row in rows:
        if not measured:
            print("  ".join(f"{name:>{widths[name]}}" for name in row))
        print("  ".join(f"{value:>{widths[name]}{columns[name]}}" for name, value in row.items()), flush=True)
        measured.append(row)
    if output is not None:
        with output.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(measured)
