"""What a long profile is forecast to need, and the end of one that needs too much."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from attnbench.config import RunConfig
from attnbench.results import FAILED, FINISHED, RunFolder, read_json
from attnbench.worker import entry
from attnbench.worker.forecast import Refused, check, extrapolate, forecast, needs, repeated
from attnbench.worker.reporter import Reporter
from tests.worker.conftest import result, run

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
    found = {"peak_bytes": 151.2e9, "total_seconds": 60.0, "needs": needs(4096, 151.2e9, 60.0, "about")}
    check(default_config, found, None)
    check(default_config, found, 152 * 10**9)
    with pytest.raises(Refused) as refused:
        check(default_config, found, 25 * 10**9)
    assert str(refused.value) == (
        "out of memory: a training step of 4096 tokens needs about 151.2 GB by forecast, 25.0 GB are there. "
        "Lower profile.batch_size or sequence_length."
    )


def test_too_much_time_is_refused_with_the_need(default_config: RunConfig) -> None:
    found = {"peak_bytes": 1e9, "total_seconds": 4389.0, "needs": needs(4096, 1e9, 4389.0, "at least")}
    check(default_config, found, None)
    check(replace(default_config, time_limit_minutes=37), found, None)
    with pytest.raises(Refused) as refused:
        check(replace(default_config, time_limit_minutes=36), found, None)
    assert str(refused.value) == (
        "time limit: the whole profile takes at least 73.2 minutes by forecast, 36 are allowed. "
        "Raise time_limit_minutes, or lower sequence_length."
    )


def test_a_run_that_would_need_more_memory_than_there_is_fails_with_the_need(
    default_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []

    def profile(folder: RunFolder, config: RunConfig, reporter: Reporter) -> None:
        forecast(folder, config, reporter, lambda length: [length], (lengths.append, lambda _: None), began=0.0)

    monkeypatch.setattr(entry, "_task", lambda _: profile)
    monkeypatch.setattr("attnbench.worker.forecast.memory_capacity_bytes", lambda: 1_000_000)
    folder = RunFolder(tmp_path)
    assert entry._run(folder, replace(default_config, sequence_length=4096), Reporter(folder)) == 1
    assert lengths == [256, 256]
    status, reason = folder.status()
    assert status == FAILED
    assert re.fullmatch(
        r"out of memory: a training step of 4096 tokens needs at least \d+\.\d GB by forecast, 0\.0 GB are there\. "
        r"Lower profile\.batch_size or sequence_length\.",
        reason,
    )
    assert not folder.forecast.exists()


def test_a_run_that_would_pass_its_time_limit_fails_before_its_first_round(
    prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = prepare(tmp_path, *LONG, *SHORT_STEPS, "time_limit_minutes=0.002")
    assert run(folder) == 1
    status, reason = folder.status()
    assert status == FAILED
    assert re.fullmatch(
        r"time limit: the whole profile takes at least \d+\.\d minutes by forecast, 0\.002 are allowed\. "
        r"Raise time_limit_minutes, or lower sequence_length\.",
        reason,
    )
    assert not folder.rounds.exists()


def test_a_long_run_that_fits_is_measured_in_a_process_that_knows_of_no_forecast(
    prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    folder = prepare(tmp_path, *LONG, *SHORT_STEPS)
    assert run(folder) == 5, folder.log.read_text()
    assert not folder.rounds.exists()
    found = read_json(folder.forecast)
    assert list(found["measured"]) == ["128", "256", "512"]
    assert 0 < found["seconds"] < 300
    assert run(folder) == 0, folder.log.read_text()
    assert folder.status() == (FINISHED, "")
    assert result(folder)["metrics"]["speed/timed_steps"] == 2
    assert result(folder)["metrics"]["speed/compile_seconds"] > 0
    assert read_json(folder.forecast) == found
