"""What a long profile is forecast to need, and the end of one that needs too much."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from attnbench.config import RunConfig
from attnbench.records import ExitCode, Outcome, RunFailure, RunFolder, Status
from attnbench.worker.entry import perform
from attnbench.worker.forecast import check, extrapolate, forecast, needs, repeated
from attnbench.worker.reporter import Reporter
from tests import made
from tests.worker.conftest import run

LONG = ("task=profile", "attention=bahdanau", "sequence_length=2048", "profile.batch_size=1", "profile.rounds=1")
SHORT_STEPS = ("profile.steps=2", "profile.vocabulary_size=11")


def test_a_cost_is_continued_as_a_polynomial_in_the_length() -> None:
    # 2 + 3 n + 5 n² is 10, 28 and 94 at 1, 2 and 4, and 2 + 48 + 1280 at 16.
    assert extrapolate([1, 2, 4], [10, 28, 94], 16) == pytest.approx(1330)


def test_a_cost_that_grows_evenly_has_no_square_in_it() -> None:
    assert extrapolate([128, 256, 512], [3e9, 4e9, 6e9], 2048) == pytest.approx(18e9)


def test_two_lengths_give_a_line_and_one_a_constant() -> None:
    assert extrapolate([1, 2], [10, 12], 16) == pytest.approx(8 + 2 * 16)
    assert extrapolate([1], [10], 16) == pytest.approx(10)


def test_a_cost_that_seems_to_fall_is_constant() -> None:
    # The constant with the least relative squares: (1/2 + 1 + 1) ÷ (1/4 + 1 + 1).
    assert extrapolate([1, 2, 4], [2, 1, 1], 16) == pytest.approx(10 / 9)


@pytest.mark.parametrize(("seconds", "times"), [(1.0, 21), (3.5, 18), (100.0, 3)])
def test_a_part_is_repeated_as_a_profile_does(default_config: RunConfig, seconds: float, times: int) -> None:
    options = replace(default_config.profile, steps=20, minimum_steps=2, seconds=60)
    assert repeated(options, seconds) == times


def test_too_much_memory_is_refused_with_the_need(default_config: RunConfig) -> None:
    peak_bytes = 1.5 * 2**37
    forecasted = made.forecast(peak_bytes=peak_bytes, needs=needs(4096, peak_bytes, 60.0, "about"))
    check(default_config, forecasted, None)
    check(default_config, forecasted, 2**38)
    message = (
        "out of memory: a step of 4096 tokens needs about 196,608 MiB by forecast, 24,576 MiB are available. "
        "Lower profile.batch_size or sequence_length."
    )
    with pytest.raises(RunFailure, match=f"^{re.escape(message)}$"):
        check(default_config, forecasted, 3 * 2**33)


def test_too_much_time_is_refused_with_the_need(default_config: RunConfig) -> None:
    forecasted = made.forecast(total_seconds=4389.0, needs=needs(4096, 1e9, 4389.0, "at least"))
    check(default_config, forecasted, None)
    check(replace(default_config, time_limit_minutes=37), forecasted, None)
    message = (
        "time limit: the whole profile takes at least 73.2 minutes by forecast, 36 are allowed. "
        "Raise time_limit_minutes, or lower sequence_length."
    )
    with pytest.raises(RunFailure, match=f"^{re.escape(message)}$"):
        check(replace(default_config, time_limit_minutes=36), forecasted, None)


def test_a_run_that_would_need_more_memory_than_is_available_fails_with_the_need(
    default_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []

    def profile(folder: RunFolder, config: RunConfig, reporter: Reporter) -> bool:
        forecast(folder, config, reporter, lambda length: [length], (lengths.append, lambda _: None), began=0.0)
        return False

    monkeypatch.setattr("attnbench.worker.forecast.memory_capacity_bytes", lambda: 2**20)
    folder = RunFolder(tmp_path)
    config = replace(default_config, sequence_length=4096)
    assert perform(folder, config, Reporter(folder), lambda _: profile) == ExitCode.FAILED
    assert lengths == [256, 256]
    assert folder.outcome().status == Status.FAILED
    assert re.fullmatch(
        r"out of memory: a step of 4096 tokens needs at least [\d,]+ MiB by forecast, 1 MiB are available\. "
        r"Lower profile\.batch_size or sequence_length\.",
        folder.outcome().reason,
    )
    assert not folder.forecast.exists()


def test_a_run_that_would_pass_its_time_limit_fails_before_its_first_round(
    prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = prepare(tmp_path, *LONG, *SHORT_STEPS, "time_limit_minutes=0.002")
    assert run(folder) == ExitCode.FAILED
    assert folder.outcome().status == Status.FAILED
    assert re.fullmatch(
        r"time limit: the whole profile takes at least \d+\.\d minutes by forecast, 0\.002 are allowed\. "
        r"Raise time_limit_minutes, or lower sequence_length\.",
        folder.outcome().reason,
    )
    assert not folder.rounds.exists()


def test_a_long_run_that_fits_is_measured_in_a_process_that_knows_of_no_forecast(
    prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = prepare(tmp_path, *LONG, *SHORT_STEPS)
    assert run(folder) == ExitCode.AGAIN, folder.log.path.read_text()
    assert not folder.rounds.exists()
    forecasted = folder.forecast.required()
    assert list(forecasted.measured) == ["128", "256", "512"]
    assert 0 < forecasted.seconds < 300
    assert run(folder) == ExitCode.FINISHED, folder.log.path.read_text()
    assert folder.outcome() == Outcome(Status.FINISHED)
    assert folder.rounds.exists()
    assert folder.result.required().metrics["speed/timed_steps"] == 2
    assert folder.result.required().metrics["speed/compile_seconds"] > 0
    assert folder.forecast.read() == forecasted
