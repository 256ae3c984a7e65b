"""sentences.csv and alignments.csv: numbers of each sentence, no text, a column each.

source_tokens        of the source, as the encoder reads it, without EOS
correct_N, total_N   n-grams found in the reference, n-grams in all, as BLEU counts them
hypothesis_tokens, reference_tokens
repeated_4grams      4-grams of the hypothesis that stand earlier in the same hypothesis; of `total_4`
unfinished           1 where the hypothesis reached its limit before EOS
exact_match          1 where the hypothesis is the reference       } where each source has
correct_tokens       words equal to the reference's at their place } one right translation
NAME_right           instances of the phenomenon NAME that the hypothesis has right, of `NAME_total` in the reference
agreements, links    of alignments.csv: numerator and denominator of 1 - alignment error rate

A metric is computed from the sums of its columns, so a column that a file lacks is a metric that its run lacks.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attnbench.records.files import reading, write_atomically

STATISTICS = (
    *(f"correct_{order}" for order in (1, 2, 3, 4)),
    *(f"total_{order}" for order in (1, 2, 3, 4)),
    "hypothesis_tokens",
    "reference_tokens",
)
"""What BLEU is computed from."""

SCORED = ("source_tokens", *STATISTICS)
"""The columns that every sentences.csv has, first and in this order; others follow."""

ALIGNED = ("source_tokens", "agreements", "links")
"""The columns of alignments.csv."""

_INDEX = "sentence"
_DIGITS = 18  # more need not fit into 64 bits


def write_sentences(path: Path, columns: Mapping[str, Iterable[int]]) -> None:
    """Writes the columns by name, each an integer for every sentence in the order of the set."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_INDEX, *columns])
    writer.writerows([index, *row] for index, row in enumerate(zip(*columns.values(), strict=True)))
    write_atomically(path, text.getvalue())


def read_sentences(path: Path, expected: Sequence[str] = SCORED) -> dict[str, list[int]]:
    """The columns of a file that begins with the columns `expected`, in the order of the sentences.

    Raises:
        DamagedError: the file has other columns, or a cell that is not an integer.
    """
    with reading(path):
        with path.open(encoding="utf-8", newline="") as file:
            header, *lines = list(csv.reader(file)) or [[]]
        first = [_INDEX, *expected]
        if header[: len(first)] != first:
            raise ValueError(f"its first line is {','.join(header)!r}, expected {','.join(first)!r}")
        rows = sorted(_integers(line, len(header), number) for number, line in enumerate(lines, start=2))
    return {name: [row[column] for row in rows] for column, name in enumerate(header) if name != _INDEX}


def _integers(line: list[str], columns: int, number: int) -> list[int]:
    if len(line) != columns or not all(cell.isdecimal() and len(cell) <= _DIGITS for cell in line):
        raise ValueError(f"line {number} must hold {columns} integers, received {','.join(line)!r}")
    return [int(cell) for cell in line]
