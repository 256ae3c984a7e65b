"""Waits of threads and stolen time, read from a stand-in of /proc; which windows give the speed."""

import os
from pathlib import Path

import pytest

from attnbench.measurement import Stopwatch, mean_disturbance
from attnbench.measurement.disturbance import counting, waits
from attnbench.records import Window

TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A process with two threads, on the cores 1 and 3 of four."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {1, 3})
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "schedstat").touch()
    tell(tmp_path, {11: 2.0, 13: 3.0}, stolen=[100, 1, 100, 2])
    return tmp_path


def tell(proc: Path, seconds: dict[int, float], *, stolen: list[int]) -> None:
    """Writes what each thread has waited, and the seconds stolen from each core."""
    for task, waited in seconds.items():
        folder = proc / "self" / "task" / str(task)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "schedstat").write_text(f"5000 {round(waited * 1e9)} 7\n")
    lines = [f"cpu{core} 1 2 3 4 5 6 7 {seconds * TICKS} 0 0" for core, seconds in enumerate(stolen)]
    (proc / "stat").write_text("\n".join(["cpu  9 9 9 9 9 9 9 999 0 0", *lines, "intr 17"]))


def test_it_is_the_waits_of_all_threads_and_the_mean_of_what_was_stolen_from_its_cores(proc: Path) -> None:
    times = iter([100.0, 110.0])
    stopwatch = Stopwatch(lambda: next(times), proc)
    stopwatch.start()
    # The threads wait for 1 s and 0.5 s more, a new one for 0.25 s; cores 1 and 3 lose 2 s and 0 s.
    tell(proc, {11: 3.0, 13: 3.5, 17: 0.25}, stolen=[900, 3, 900, 2])
    window = stopwatch.stop(5, 70, quiet=True)
    assert (window.seconds, window.steps, window.target_tokens, window.quiet) == (10.0, 5, 70, True)
    assert window.disturbance == pytest.approx((1 + 0.5 + 0.25 + 1) / 10)


def test_a_thread_that_has_ended_does_not_count(proc: Path) -> None:
    (proc / "self" / "task" / "17").mkdir()
    assert waits(proc) == {"11": 2.0, "13": 3.0, "steal": 1.5}


def test_where_the_kernel_does_not_tell_there_is_no_disturbance(tmp_path: Path) -> None:
    stopwatch = Stopwatch(proc=tmp_path)
    stopwatch.start()
    assert stopwatch.stop(1, 1, quiet=False).disturbance is None
    assert mean_disturbance([Window(1.0, 1, 1)]) is None


QUIET, LOUD = Window(1.0, 10, 100, True, 0.05), Window(3.0, 10, 100, True, 0.06)
BESIDE, DISTURBED = Window(1.0, 10, 100, False, 0.0), Window(1.0, 10, 100, False, 0.5)


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ([QUIET, LOUD, BESIDE, DISTURBED], [QUIET]),
        ([LOUD, BESIDE, DISTURBED], [LOUD]),
        ([BESIDE, DISTURBED], [BESIDE]),
        ([DISTURBED], [DISTURBED]),
        ([Window(1.0, 1, 1), Window(2.0, 2, 2)], [Window(1.0, 1, 1), Window(2.0, 2, 2)]),
        ([], []),
    ],
)
def test_quiet_windows_count_and_of_these_the_undisturbed_or_all(windows: list[Window], expected: list[Window]) -> None:
    assert counting(windows) == expected


def test_a_disturbance_is_weighted_by_time() -> None:
    assert mean_disturbance([QUIET, LOUD]) == pytest.approx((0.05 + 3 * 0.06) / 4)
