"""What a run shows while it lasts."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
from rich.console import Console

from attnbench.launch import Outcome
from attnbench.results import FAILED, FINISHED
from attnbench.sweep import display
from attnbench.sweep.display import Place, PlainDisplay, TerminalDisplay, make_display

PLACE = Place(2, 5, "dot-h128", parallel=1, mean_seconds=60.0, alone=True)
PROGRESS: Mapping[str, Any] = {
    "phase": "training",
    "epoch": 3,
    "epochs": 12,
    "step": 120,
    "steps": 948,
    "loss": 1.2345,
    "target_tokens_per_second": 5400.4,
    "seconds_left": 33.2,
}


def test_plain_lines_say_where_the_run_is_but_not_too_often(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([3.0, 16.0, 20.0, 93.0])
    monkeypatch.setattr(display.time, "monotonic", lambda: next(clock))
    with PlainDisplay(PLACE, 0.0, 0.0) as shown:
        for progress in (PROGRESS, {**PROGRESS, "epoch": 4}, {**PROGRESS, "epoch": 5}):
            shown.update(progress)
        shown.end(Outcome(FINISHED), "BLEU 43.0")
    assert capsys.readouterr().out.splitlines() == [
        "run 2 of 5  dot-h128  started",
        "run 2 of 5  dot-h128  training  epoch 4 of 12  loss 1.234  5,400 tokens/s  0:33 left",
        "run 2 of 5  dot-h128  finished after 1:33  BLEU 43.0",
    ]


def test_a_terminal_keeps_one_line_a_run() -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=100, force_terminal=True, color_system=None, highlight=False)
    with TerminalDisplay(PLACE, console) as shown:
        shown.update(None)
        shown.update(PROGRESS)
        shown.end(Outcome(FAILED, "out of memory"), "")
    assert screen.getvalue().splitlines()[-1].endswith("run 2 of 5  dot-h128  failed (out of memory)  0:00")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_living_line_fits_its_terminal(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(display._line(PROGRESS, "epoch", 5.0, width))
    assert isinstance(console.file, io.StringIO)
    first, *_ = console.file.getvalue().splitlines()
    assert len(first.rstrip()) <= width
    assert "training" in first


def test_the_sweep_lasts_as_long_as_its_runs_did() -> None:
    assert PLACE.sweep_seconds_left(elapsed_seconds=10, run_seconds_left=30) == 30 + 3 * 60
    assert Place(1, 3, "", 2, None, True).sweep_seconds_left(elapsed_seconds=10, run_seconds_left=30) == 30 + 2 * 40 / 2


def test_lines_are_plain_where_there_is_no_terminal() -> None:
    assert isinstance(make_display(PLACE), PlainDisplay)
