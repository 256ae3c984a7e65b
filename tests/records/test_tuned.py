"""What a report chose, taken over by a sweep."""

import re
from pathlib import Path

import pytest

from attnbench.records import Tuned, write_record

TUNED = Tuned("valid/bleu", ["training.learning_rate"], 3, [101, 102], {"dot": {"training.learning_rate": 0.01}})


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    write_record(tmp_path / "chosen.json", TUNED)
    assert Tuned.read(tmp_path / "chosen.json") == TUNED


def test_a_run_has_the_options_of_its_mechanism() -> None:
    assert TUNED.options("dot", 1) == {"training.learning_rate": 0.01}


@pytest.mark.parametrize(
    ("attention", "seed", "message"),
    [
        (
            "general",
            1,
            "attention=general was not tuned. Tuned: dot. Tune it as well, or leave out tuned=FILE.",
        ),
        (
            "dot",
            102,
            "seed=102 chose the options of tuned=FILE. A comparison needs fresh seeds: all but 101, 102.",
        ),
    ],
)
def test_a_run_that_does_not_fit_is_refused(attention: str, seed: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        TUNED.options(attention, seed)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    message = (
        f"No file tuned={tmp_path / 'chosen.json'}. Expected the chosen.json of a report that was made with "
        "select=METRIC over=OPTIONS."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Tuned.read(tmp_path / "chosen.json")
