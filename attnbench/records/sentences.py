"""sentences.csv: source tokens and BLEU statistics of each test sentence, no text."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from attnbench.records.files import reading, write_atomically

STATISTICS = (
    *(f"correct_{order}" for order in (1, 2, 3, 4)),
    *(f"total_{order}" for order in (1, 2, 3, 4)),
    "hypothesis_tokens",
    "reference_tokens",
)
"""N-grams found in the reference, n-grams in all, and both lengths."""

VALUES = ("source_tokens", *STATISTICS)
"""The numbers of one sentence."""

_COLUMNS = ("sentence", *VALUES)
_DIGITS = 18  # more need not fit into 64 bits


def write_sentences(path: Path, rows: Iterable[Sequence[int]]) -> None:
    """Writes the `VALUES` of each sentence, in the order of the test set."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([index, *row] for index, row in enumerate(rows))
    write_atomically(path, text.getvalue())


def read_sentences(path: Path) -> list[list[int]]:
    """The `VALUES` of each sentence, in the order of the test set.

    Raises:
        DamagedError: the file has other columns, or a cell that is not an integer.
    """
    with reading(path):
        with path.open(encoding="utf-8", newline="") as file:
            header, *lines = list(csv.reader(file)) or [[]]
        if tuple(header) != _COLUMNS:
            raise ValueError(f"its first line is {','.join(header)!r}, expected {','.join(_COLUMNS)!r}")
        rows = [_integers(line, number) for number, line in enumerate(lines, start=2)]
    return [values for _, *values in sorted(rows)]


def _integers(line: list[str], number: int) -> list[int]:
    if len(line) != len(_COLUMNS) or not all(cell.isdecimal() and len(cell) <= _DIGITS for cell in line):
        raise ValueError(f"line {number} must hold {len(_COLUMNS)} integers, received {','.join(line)!r}")
    return [int(cell) for cell in line]
