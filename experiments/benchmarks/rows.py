"""The rows of a benchmark's table."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

Row = dict[str, str | float]
_MINIMUM_WIDTH = 14


def report(rows: Iterable[Row], columns: Mapping[str, str], output: Path | None) -> None:
    """Prints a row as soon as it is measured and writes all of them at the end.

    Args:
        rows: each is measured when it is requested; NaN, or no value, where nothing is measured.
        columns: the format of each column's numbers, by name.
        output: the CSV file to write, with the columns that some row has; None for none.
    """
    measured: list[Row] = []
    for row in rows:
        row = {name: value for name, value in row.items() if value == value}
        texts = {name: f"{row[name]:{form}}" if name in row else "" for name, form in columns.items()}
        if not measured:
            widths = {name: max(_MINIMUM_WIDTH, len(name), len(text)) for name, text in texts.items()}
            print("  ".join(f"{name:>{width}}" for name, width in widths.items()))
        print("  ".join(f"{text:>{widths[name]}}" for name, text in texts.items()).rstrip(), flush=True)
        measured.append(row)
    if output is not None:
        with output.open("w", newline="", encoding="utf-8") as file:
            measured_columns = [name for name in columns if any(name in row for row in measured)]
            writer = csv.DictWriter(file, measured_columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(measured)
