"""sentences.csv is written and read in one place."""

import re
from pathlib import Path

import numpy as np
import pytest

from attnbench.records import DamagedError, read_sentences, write_sentences
from attnbench.records.sentences import ALIGNED, SCORED
from tests import made

COLUMNS = {
    **made.sentences([[5, 5, 4, 3, 2, 5, 4, 3, 2, 5, 7], [7, 6, 4, 2, 1, 11, 6, 5, 4, 11, 13]]),
    "exact_match": np.array([0, 1]),
}
HEADER = (
    "sentence,source_tokens,correct_1,correct_2,correct_3,correct_4,total_1,total_2,total_3,total_4,"
    "hypothesis_tokens,reference_tokens"
)


def test_sentences_come_back_in_the_order_of_the_test_set(tmp_path: Path) -> None:
    path = tmp_path / "sentences.csv"
    write_sentences(path, COLUMNS)
    header, *lines = path.read_text().splitlines()
    assert header == f"{HEADER},exact_match"
    assert lines[0] == "0,5,5,4,3,2,5,4,3,2,5,7,0"
    path.write_text("\n".join([header, *lines[::-1]]) + "\n")
    found = read_sentences(path)
    assert found == {name: column.tolist() for name, column in COLUMNS.items()}


def test_a_file_of_an_earlier_version_lacks_the_columns_that_came_later(tmp_path: Path) -> None:
    path = tmp_path / "sentences.csv"
    path.write_text(f"{HEADER}\n0,5,5,4,3,2,5,4,3,2,5,7\n")
    assert tuple(read_sentences(path)) == SCORED


def test_alignments_have_columns_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "alignments.csv"
    columns = dict(zip(ALIGNED, ([5, 2], [3, 4], [7, 4]), strict=True))
    write_sentences(path, columns)
    assert read_sentences(path, ALIGNED) == {"source_tokens": [5, 2], "agreements": [3, 4], "links": [7, 4]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", f"its first line is '', expected '{HEADER}'"),
        ("sentence,words\n0,3\n", f"its first line is 'sentence,words', expected '{HEADER}'"),
        (f"{HEADER}\n0,5\n", "line 2 must hold 12 integers, received '0,5'"),
        (f"{HEADER}\n0,5,5,4,3,2,5,4,3,2,5,x\n", "line 2 must hold 12 integers, received '0,5,5,4,3,2,5,4,3,2,5,x'"),
    ],
)
def test_a_file_that_holds_no_sentences_is_damaged(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "sentences.csv"
    path.write_text(content)
    message = f"{path} is damaged: {reason}. Restore it from a copy, or delete it."
    with pytest.raises(DamagedError, match=f"^{re.escape(message)}$"):
        read_sentences(path)
