"""Resident memory that was really taken, and the rate of matrix products."""

import numpy as np
import pytest

from attnbench.measurement import MemoryPeaks, Turnstile, matrix_rate, process_peak_bytes


def test_the_peak_of_a_window_is_seen_and_that_before_it_is_not() -> None:
    memory = MemoryPeaks()
    before = np.ones(40_000_000)
    assert process_peak_bytes() >= before.nbytes
    del before
    memory.begin()
    during = np.ones(20_000_000)
    memory.end()
    assert 160e6 <= memory.metrics()["memory/train_peak_resident_bytes"] + 20e6 <= 300e6
    assert memory.metrics()["memory/process_peak_bytes"] >= 320e6
    assert process_peak_bytes() >= during.nbytes


def test_the_matrix_rate_is_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.0, 4.0, 10.0, 12.0, 20.0, 23.0, 30.0, 35.0, 40.0, 49.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(seconds))
    monkeypatch.setattr("attnbench.measurement.speed.CPU_SIZE", 10)
    # The best of five takes 2 s for 2 · 10³ operations.
    assert matrix_rate("float32", Turnstile()) == pytest.approx(1000)
