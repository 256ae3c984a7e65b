"""What a long profile will need, forecast from short lengths before anything is timed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from attnbench.config import ProfileConfig, RunConfig
from attnbench.measurement import MemoryPeaks, memory_capacity_bytes, used_peak_bytes
from attnbench.records import Forecast, Progress, RunFailure, RunFolder
from attnbench.records.status import Reason
from attnbench.tensors import Tensor
from attnbench.worker.reporter import Reporter

SHORTEST = 2048
"""The shortest sequence length whose profile begins with a forecast."""

Part = Callable[..., object]
"""A training step or a decoding of a batch; returns when its result is computed."""

_DIVISORS = (16, 8, 4)
_MARGIN = 2
"""The factor by which a forecast may be too high: one from fewer lengths, and one of time on a busy machine."""


def forecast(
    folder: RunFolder,
    config: RunConfig,
    reporter: Reporter,
    batch: Callable[[int], Sequence[Tensor]],
    parts: Sequence[Part],
    *,
    began: float,
) -> None:
    """Measures a sixteenth, an eighth and a quarter of the length, and writes what follows into forecast.json.

    After each of them the run is refused if the lengths so far already show that it needs too much.

    Args:
        folder: of the run.
        config: the run.
        reporter: may stop the run between two lengths.
        batch: arguments of the parts, for a length.
        parts: a training step and a decoding.
        began: when the process began to set itself up, by time.monotonic().

    Raises:
        RunFailure: the run would need more memory, or more time, than it has.
        Stopped: the run was asked to stop.
    """
    first_seconds = 0.0
    measured: dict[int, tuple[float, ...]] = {}
    for divisor in _DIVISORS:
        reporter.check_stop()
        reporter.progress(Progress("forecast"))
        length = config.sequence_length // divisor
        measured[length] = _measure(batch(length), parts)
        first_seconds = first_seconds or time.monotonic() - began
        extrapolated = _extrapolated(config, measured, first_seconds)
        print(extrapolated, flush=True)
        check(config, extrapolated, memory_capacity_bytes())
    folder.forecast.write(replace(extrapolated, seconds=time.monotonic() - began))


def _measure(batch: Sequence[Tensor], parts: Sequence[Part]) -> tuple[float, ...]:
    """Peak bytes of the first part, then the seconds of each: the better of two calls, the first of which compiles."""
    peaks, seconds = [], []
    for part in parts:
        calls = []
        for _ in range(2):
            MemoryPeaks().begin()
            began = time.perf_counter()
            part(*batch)
            calls.append(time.perf_counter() - began)
        peaks.append(used_peak_bytes())
        seconds.append(min(calls))
    return float(peaks[0]), *seconds


def _extrapolated(config: RunConfig, measured: dict[int, tuple[float, ...]], first_seconds: float) -> Forecast:
    """What the whole length needs by the lengths so far; `first_seconds`: set-up, compiling and the first of them."""
    columns = zip(*measured.values(), strict=True)
    peak_bytes, *seconds = (extrapolate(list(measured), values, config.sequence_length) for values in columns)
    round_seconds = first_seconds + sum(repeated(config.profile, each) * each for each in seconds)
    total_seconds = config.profile.rounds * round_seconds
    about = "about"
    if len(measured) < len(_DIVISORS):
        about, peak_bytes, total_seconds = "at least", peak_bytes / _MARGIN, total_seconds / _MARGIN
    return Forecast(
        measured={str(length): list(values) for length, values in measured.items()},
        peak_bytes=peak_bytes,
        total_seconds=total_seconds,
        needs=needs(config.sequence_length, peak_bytes, total_seconds, about),
    )


def extrapolate(lengths: Sequence[int], values: Sequence[float], length: int) -> float:
    """The value at `length` of the polynomial through `values` at `lengths`, no term of which is negative.

    Its degree is one less than there are lengths: from three of them a + b·n + c·n², since source and target grow
    together and no cost grows faster; from fewer a line or a constant. Where a term would be negative, least squares of
    the relative errors.
    """
    from scipy.optimize import nnls  # here, so that it takes no memory in the rounds

    powers = np.vander(np.asarray(lengths) / length, len(values), increasing=True)
    coefficients, _ = nnls(powers / np.asarray(values)[:, None], np.ones(len(values)))
    return float(coefficients.sum())


def repeated(options: ProfileConfig, seconds: float) -> int:
    """How often a round repeats a part that takes `seconds`, warm-up included."""
    return 1 + min(options.steps, max(options.minimum_steps, int(options.seconds / seconds)))


def needs(length: int, peak_bytes: float, total_seconds: float, about: str) -> dict[str, str]:
    """What the run needs, in words, by the reason for which it may fail."""
    return {
        Reason.OUT_OF_MEMORY: f"a step of {length} tokens needs {about} {_mebibytes(peak_bytes)} by forecast",
        Reason.TIME_LIMIT: f"the whole profile takes {about} {total_seconds / 60:,.1f} minutes by forecast",
    }


def check(config: RunConfig, forecast: Forecast, capacity_bytes: int | None) -> None:
    """Raises RunFailure where the forecast exceeds the available memory (None: unknown), or twice the time limit.

    A forecast of between one and two time limits may be too high: there the limit itself ends the run.
    """
    limit = config.time_limit_minutes
    if capacity_bytes is not None and forecast.peak_bytes > capacity_bytes:
        raise RunFailure(
            f"{Reason.OUT_OF_MEMORY}: {forecast.needs[Reason.OUT_OF_MEMORY]}, {_mebibytes(capacity_bytes)} are "
            "available. Lower profile.batch_size or sequence_length."
        )
    if limit is not None and forecast.total_seconds > _MARGIN * 60 * limit:
        raise RunFailure(
            f"{Reason.TIME_LIMIT}: {forecast.needs[Reason.TIME_LIMIT]}, {limit:g} are allowed. "
            "Raise time_limit_minutes, or lower sequence_length."
        )


def _mebibytes(value: float) -> str:
    return f"{value / 2**20:,.0f} MiB"
