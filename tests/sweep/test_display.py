"""What a run shows while it lasts."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from attnbench.records import Outcome, Progress, Status
from attnbench.sweep.display import Display, Position, TerminalDisplay, duration, make_display, status_words

POSITION = Position(2, 5, "dot-h128", parallel=1, mean_seconds=60.0)
PROGRESS = Progress("training", 3, 12, 120, 948, loss=1.2345, target_tokens_per_second=5400.4, seconds_left=33.2)


def test_plain_lines_say_where_the_run_is_but_not_too_often(capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 3.0, 16.0, 20.0, 93.0])
    with Display(POSITION, clock=lambda: next(clock)) as display:
        for epoch in (3, 4, 5):
            display.update(replace(PROGRESS, epoch=epoch))
        display.end(Outcome(Status.FINISHED), "BLEU 43.0")
    assert capsys.readouterr().out.splitlines() == [
        "run 2 of 5  dot-h128  started",
        "run 2 of 5  dot-h128  training  epoch 4 of 12  loss 1.234  5,400 tokens/s  0:33 left",
        "run 2 of 5  dot-h128  finished after 1:33  BLEU 43.0",
    ]


def test_a_terminal_keeps_one_line_a_run() -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=100, force_terminal=True, color_system=None, highlight=False)
    with TerminalDisplay(POSITION, console) as display:
        display.update(None)
        display.update(PROGRESS)
        display.end(Outcome(Status.FAILED, "out of memory"), "")
    assert screen.getvalue().splitlines()[-1].endswith("run 2 of 5  dot-h128  failed (out of memory)  0:00")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_living_lines_fit_their_terminal(width: int) -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=width, color_system=None)
    display = TerminalDisplay(POSITION, console, clock=lambda: 0.0)
    display.update(PROGRESS)
    console.print(display.lines())
    head, line = screen.getvalue().splitlines()
    assert head.rstrip() == "run 2 of 5  dot-h128  sweep 3:33 left"
    assert len(line) <= width
    assert line.startswith("training ")
    assert line.rstrip().endswith("0:33 left") == (width >= 80)


def test_the_sweep_lasts_as_long_as_its_runs_did() -> None:
    assert POSITION.sweep_seconds_left(elapsed_seconds=10, run_seconds_left=30) == 30 + 3 * 60
    assert Position(1, 3, "", 2, None).sweep_seconds_left(elapsed_seconds=10, run_seconds_left=30) == 30 + 2 * 40 / 2


def test_lines_are_plain_where_there_is_no_terminal() -> None:
    assert type(make_display(POSITION, alone=True)) is Display


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03")]
)
def test_durations_read_as_clocks_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_status_says_its_reason() -> None:
    assert status_words(Outcome(Status.FINISHED)) == "finished"
    assert status_words(Outcome(Status.FAILED, "out of memory")) == "failed (out of memory)"
    assert status_words(Outcome(Status.ELSEWHERE)) == "running elsewhere"
