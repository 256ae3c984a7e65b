"""What the kernel counts, read from a stand-in of /proc; which windows give the speed."""

import os
from functools import partial
from pathlib import Path

import pytest

from attnbench.measurement import Stopwatch, mean_disturbance
from attnbench.measurement.disturbance import Counts, counting, counts
from attnbench.records import Window

TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A process with two threads, on the cores 1 and 3 of four."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {1, 3})
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "schedstat").touch()
    for task, waited in {11: 2.0, 13: 3.0}.items():
        (tmp_path / "self" / "task" / str(task)).mkdir(parents=True)
        (tmp_path / "self" / "task" / str(task) / "schedstat").write_text(f"5000 {round(waited * 1e9)} 7\n")
    # Of each core the seconds of user, nice, system, idle, waiting, interrupts (two kinds), stolen.
    cores = [[90] * 8, [1, 2, 3, 90, 90, 4, 5, 1], [90] * 8, [10, 20, 30, 90, 90, 40, 50, 2]]
    lines = [f"cpu{core} {' '.join(str(value * TICKS) for value in line)} 0 0" for core, line in enumerate(cores)]
    (tmp_path / "stat").write_text("\n".join(["cpu  9 9 9 9 9 9 9 999 0 0", *lines, "intr 17"]))
    return tmp_path


def test_threads_and_the_process_own_cores_are_counted(proc: Path) -> None:
    (proc / "self" / "task" / "17").mkdir()  # a thread that has ended since it was listed
    assert counts(proc, own=lambda: 7.0) == Counts({"11": 2.0, "13": 3.0}, own=7.0, busy=165.0, stolen=1.5, cores=2)


BEFORE = Counts({"11": 2.0, "13": 3.0}, own=7.0, busy=50.0, stolen=1.5, cores=2)
RESOLUTION = 2 / TICKS
"""A tick of each core."""


@pytest.mark.parametrize(
    ("waits", "own", "busy", "stolen", "seconds"),
    [
        pytest.param({"11": 3.0, "13": 3.5}, 17.0, 60.0, 1.5, 0.0, id="its threads wait for each other"),
        pytest.param({"11": 2.0, "13": 3.0}, 17.0, 68.0, 1.5, 0.0, id="others work and it never waits"),
        pytest.param({"11": 3.0, "13": 3.5}, 17.0, 68.0, 1.5, 1.5, id="it waits while others work"),
        pytest.param({"11": 3.0, "17": 0.25}, 17.0, 68.0, 1.5, 1.25, id="one thread ended and a new one waited"),
        pytest.param({"11": 9.0, "13": 3.0}, 17.0, 61.0, 1.5, 1.0 - RESOLUTION, id="others work less than it waits"),
        pytest.param({"11": 2.0, "13": 3.0}, 17.0, 60.0, 2.0, 0.5, id="a core is taken away"),
    ],
)
def test_others_disturb_while_they_work_and_the_process_waits(
    waits: dict[str, float], own: float, busy: float, stolen: float, seconds: float
) -> None:
    assert BEFORE.disturbance(Counts(waits, own, busy, stolen, 2)) == pytest.approx(seconds)


def test_a_window_has_its_disturbance_as_a_share_of_its_time() -> None:
    later = Counts({"11": 3.0, "13": 3.5}, own=17.0, busy=68.0, stolen=1.5, cores=2)
    times, counted = iter([100.0, 110.0]), iter([BEFORE, later])
    stopwatch = Stopwatch(lambda: next(times), lambda: next(counted))
    stopwatch.start()
    window = stopwatch.stop(5, 70, quiet=True)
    assert (window.seconds, window.steps, window.target_tokens, window.quiet) == (10.0, 5, 70, True)
    assert window.disturbance == pytest.approx(0.15)


def test_where_the_kernel_does_not_tell_there_is_no_disturbance(tmp_path: Path) -> None:
    stopwatch = Stopwatch(count=partial(counts, tmp_path))
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
