"""FLOPs counted by hand, and resident memory that was really taken."""

import numpy as np
import pytest

from attnbench.measurement import MemoryPeaks, forward_flops, matrix_rate, process_peak_bytes, resident_bytes
from tests.model.conftest import EMBEDDING, HIDDEN, TARGET_WORDS, build_model

SOURCE, TARGET, ATTENTION = 3, 5, 7


def _flops(preset: str) -> float:
    return forward_flops(build_model(preset), source_tokens=SOURCE, target_tokens=TARGET)


def test_flops_without_attention_are_those_of_its_products() -> None:
    half = HIDDEN // 2
    encoder = 2 * (EMBEDDING * 3 * half + half * 3 * half)
    decoder = EMBEDDING * 3 * HIDDEN + HIDDEN * 3 * HIDDEN + HIDDEN * HIDDEN + HIDDEN * TARGET_WORDS
    expected = 2 * (SOURCE * encoder + HIDDEN * HIDDEN + TARGET * decoder)
    assert _flops("none") == pytest.approx(expected)


def test_each_score_adds_its_own_products() -> None:
    readout = TARGET * HIDDEN * HIDDEN
    weighing = SOURCE * TARGET * HIDDEN
    with_context = _flops("none") + 2 * (readout + weighing)
    assert _flops("uniform") == pytest.approx(_flops("none") + 2 * (readout + SOURCE * HIDDEN))
    assert _flops("dot") - with_context == pytest.approx(2 * SOURCE * TARGET * HIDDEN)
    assert _flops("general") - _flops("dot") == pytest.approx(2 * SOURCE * HIDDEN * HIDDEN)
    projections = (SOURCE + TARGET) * HIDDEN * ATTENTION + SOURCE * TARGET * ATTENTION
    assert _flops("additive current") - with_context == pytest.approx(2 * projections)
    into_the_cell = TARGET * HIDDEN * 3 * HIDDEN
    assert _flops("bahdanau") - _flops("additive current") == pytest.approx(2 * into_the_cell)


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
    assert resident_bytes() >= during.nbytes


def test_the_matrix_rate_is_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.0, 4.0, 10.0, 12.0, 20.0, 23.0, 30.0, 35.0, 40.0, 49.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(seconds))
    monkeypatch.setattr("attnbench.measurement.rate.CPU_SIZE", 10)
    # The best of five takes 2 s for 2 · 10³ operations.
    assert matrix_rate("float32") == pytest.approx(1000)
