"""Windows of steps on a clock that the test sets."""

import pytest

from attnbench.measurement import StepClock, Window


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


def test_a_window_lasts_twenty_steps_or_a_second_whichever_is_longer() -> None:
    hand = Hand()
    clock = StepClock(now=hand)
    _steps(clock, hand, 19, seconds=0.25)
    assert not clock.full()
    _steps(clock, hand, 1, seconds=0.25)
    assert clock.full()
    clock.close()
    _steps(clock, hand, 20, seconds=1 / 32)
    assert not clock.full()
    _steps(clock, hand, 12, seconds=1 / 32)
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
    assert clock.windows == [(2.0, 4, 40)]


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
    assert clock.windows == [(2.0, 2, 20)]


def test_compiling_is_the_first_call_less_the_steady_ones_summed_over_shapes() -> None:
    hand = Hand()
    clock = StepClock(compiled=5.0, now=hand)
    _steps(clock, hand, 1, seconds=3.0)
    _steps(clock, hand, 3, seconds=1.0)
    _steps(clock, hand, 1, seconds=4.0, shape=2)
    assert clock.compile_seconds == pytest.approx(5 + 2 + 4)


def test_without_a_window_there_is_no_speed() -> None:
    assert StepClock(now=Hand()).metrics() == {"speed/compile_seconds": 0}
