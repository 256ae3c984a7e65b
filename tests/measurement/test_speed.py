"""Windows of steps on a clock that the test sets."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from attnbench.measurement import StepClock, Stopwatch, Turnstile
from attnbench.records import Window


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def _steps(clock: StepClock, hand: Hand, count: int, *, seconds: float, tokens: int = 10, shape: int = 1) -> None:
    for _ in range(count):
        clock.ask()
        hand.seconds += seconds
        clock.step(shape, tokens)


@pytest.fixture(autouse=True)
def _kernel_that_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attnbench.measurement.speed.Stopwatch", partial(Stopwatch, count=lambda: None))


def _measure(turnstile: Turnstile) -> bool:
    turnstile.measure_if_due()
    quiet = turnstile.quiet
    turnstile.end()
    return quiet


def test_a_window_lasts_a_second_in_whole_steps() -> None:
    hand = Hand()
    clock = StepClock(now=hand)
    _steps(clock, hand, 3, seconds=0.25)
    assert not clock.full()
    _steps(clock, hand, 1, seconds=0.375)
    assert clock.full()


def test_a_window_with_a_new_shape_is_dropped() -> None:
    hand = Hand()
    clock = StepClock(now=hand)
    _steps(clock, hand, 4, seconds=0.5)
    assert not clock.close()
    _steps(clock, hand, 4, seconds=0.5)
    assert clock.close()
    _steps(clock, hand, 3, seconds=0.5)
    _steps(clock, hand, 1, seconds=0.5, shape=2)
    assert not clock.close()
    assert clock.windows == [Window(2.0, 4, 40)]


def test_tokens_per_second_are_all_tokens_over_all_windows() -> None:
    hand = Hand()
    clock = StepClock([Window(3.0, 20, 50)], now=hand)
    _steps(clock, hand, 1, seconds=1.0)
    clock.close()
    _steps(clock, hand, 2, seconds=1.0, tokens=25)
    clock.close()
    # 50 tokens and 20 steps in 3 s before, 50 and 2 in 2 s now.
    assert clock.tokens_per_second == pytest.approx(20)
    assert clock.seconds_per_step == pytest.approx(5 / 22)
    assert clock.metrics()["speed/train_step_ms_p50"] == pytest.approx((150 + 1000) / 2)


def test_time_between_windows_does_not_count() -> None:
    hand = Hand()
    clock = StepClock(now=hand)
    _steps(clock, hand, 1, seconds=1.0)
    clock.close()
    hand.seconds += 1000
    _steps(clock, hand, 2, seconds=1.0)
    clock.close()
    assert clock.windows == [Window(2.0, 2, 20)]


def test_compiling_is_the_first_call_less_the_steady_ones_summed_over_shapes() -> None:
    hand = Hand()
    clock = StepClock(compiled=5.0, now=hand)
    _steps(clock, hand, 1, seconds=3.0)
    _steps(clock, hand, 3, seconds=1.0)
    _steps(clock, hand, 1, seconds=4.0, shape=2)
    assert clock.compile_seconds == pytest.approx(5 + 2 + 4)


def test_without_a_window_there_is_no_speed() -> None:
    assert StepClock(now=Hand()).metrics() == {"speed/compile_seconds": 0}


def test_windows_that_were_disturbed_are_dropped_and_counted() -> None:
    windows = [Window(1.0, 1, 30, True, 0.01), Window(1.0, 1, 10, True, 0.2), Window(4.0, 1, 10, False, 0.0)]
    metrics = StepClock(windows, now=Hand()).metrics()
    assert metrics == {
        "speed/compile_seconds": 0,
        "speed/train_target_tokens_per_second": 30,
        "speed/train_step_ms_p50": 1000,
        "speed/train_step_ms_p95": 1000,
        "speed/train_disturbance": 0.01,
        "speed/disturbed_windows": 0.5,
    }
    assert StepClock(windows, now=Hand()).seconds_per_step == 2


def test_where_every_window_was_disturbed_all_count() -> None:
    windows = [Window(1.0, 1, 30, False, 0.1), Window(3.0, 1, 10, False, 0.3)]
    metrics = StepClock(windows, now=Hand()).metrics()
    assert metrics["speed/train_target_tokens_per_second"] == 10
    assert metrics["speed/train_disturbance"] == pytest.approx((0.1 + 3 * 0.3) / 4)
    assert metrics["speed/disturbed_windows"] == 1


def test_windows_are_quiet_once_a_window_has_compiled_nothing(tmp_path: Path) -> None:
    hand = Hand()
    with Turnstile(tmp_path) as turnstile:
        clock = StepClock(turnstile=turnstile, now=hand)
        for _ in range(3):
            _steps(clock, hand, 1, seconds=1.0)
            clock.close()
    assert [window.quiet for window in clock.windows] == [False, True]


def test_a_window_ends_early_where_another_run_waits_to_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = Hand()
    with Turnstile(tmp_path) as turnstile, Turnstile(tmp_path) as other, ThreadPoolExecutor() as pool:
        monkeypatch.setattr(turnstile, "measure_if_due", turnstile.begin)
        clock = StepClock(turnstile=turnstile, now=hand)
        for _ in range(2):
            _steps(clock, hand, 1, seconds=0.125)
            clock.close()
        _steps(clock, hand, 2, seconds=0.125)
        assert not clock.full()
        measured = pool.submit(_measure, other)
        while not clock.full():
            assert not measured.done()
            time.sleep(0.001)
        assert clock.close()
        assert measured.result()
        assert clock.windows[1:] == [Window(0.25, 2, 20)]
