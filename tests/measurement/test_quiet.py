"""The turnstile, between stand-ins of training loops in processes of their own."""

import errno
import fcntl
import itertools
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from attnbench.measurement import Turnstile, quiet
from attnbench.measurement.quiet import REST

# The module by its path, since its package imports a framework. Each line tells of a window: quiet, begin, end.
LOOP = """
import importlib.util, json, sys, time
from pathlib import Path
spec = importlib.util.spec_from_file_location("quiet", sys.argv[1])
quiet = importlib.util.module_from_spec(spec)
spec.loader.exec_module(quiet)
begin, step_seconds, window_seconds = sys.argv[3], float(sys.argv[4]), float(sys.argv[5])
quiet.REST = 3
turnstile = quiet.Turnstile(Path(sys.argv[2]))
while True:
    getattr(turnstile, begin)()
    began = time.monotonic()
    while True:
        step = time.monotonic()
        time.sleep(step_seconds)
        print(json.dumps([turnstile.quiet, step, time.monotonic()]), flush=True)
        if time.monotonic() - began >= window_seconds or turnstile.awaited():
            break
    turnstile.end()
"""

Step = tuple[bool, float, float]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a loop that calls `begin` before each window; it ends with the test."""
    with ExitStack() as loops:

        def started(begin: str, step_seconds: float = 0.01, window_seconds: float = 0.1) -> "subprocess.Popen[str]":
            arguments = (quiet.__file__, tmp_path, begin, step_seconds, window_seconds)
            command = [sys.executable, "-c", LOOP, *map(str, arguments)]
            loop = loops.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            loops.callback(loop.kill)
            return loop

        yield started


def read(loop: "subprocess.Popen[str]", count: int) -> list[Step]:
    """The next steps of a loop."""
    assert loop.stdout is not None
    return [tuple(json.loads(line)) for line in itertools.islice(loop.stdout, count)]


def rest(loop: "subprocess.Popen[str]") -> list[Step]:
    """Ends a loop; its steps until then, of which the last line may be cut."""
    loop.kill()
    assert loop.stdout is not None
    return [tuple(json.loads(line)) for line in loop.stdout.read().splitlines() if line.endswith("]")]


def overlapping(quiet_steps: list[Step], steps: list[Step]) -> list[Step]:
    return [
        other for other in steps if any(begin < other[2] and other[1] < end for is_quiet, begin, end in quiet_steps)
    ]


def test_nobody_makes_a_step_while_another_measures_and_all_come_to_measure(start: Start) -> None:
    loops = [start("measure_if_due") for _ in range(3)]
    for loop in loops:
        read(loop, 1)
    time.sleep(6)
    steps = [rest(loop) for loop in loops]
    # While the others were starting a loop was alone; from the moment on when all had begun it was not.
    together = max(own[0][1] for own in steps)
    late = [[step for step in own if step[1] > together] for own in steps]
    measured = [[step for step in own if step[0]] for own in late]
    for one, own in enumerate(measured):
        assert len(own) >= 10  # the steps of a window
        for other in {0, 1, 2} - {one}:
            assert overlapping(own, late[other]) == []
    # A quiet window is followed by three times its time without one.
    seconds = max(own[-1][2] for own in late) - together
    assert sum(end - begin for own in measured for _, begin, end in own) < 0.4 * seconds


def test_two_that_only_measure_take_turns(start: Start) -> None:
    loops = [start("measure") for _ in range(2)]
    for loop in loops:
        read(loop, 1)
    time.sleep(3)
    steps = [[step for step in rest(loop) if step[0]] for loop in loops]
    assert overlapping(*steps) == []
    turns = [index for _, index in sorted((step[1], index) for index, own in enumerate(steps) for step in own)]
    runs = [len(list(group)) for _, group in itertools.groupby(turns)]
    assert len(runs) > 6
    assert max(runs[1:-1]) <= 2 * 10  # a window has ten steps


def test_alone_every_window_is_quiet(start: Start) -> None:
    assert all(is_quiet for is_quiet, *_ in read(start("measure_if_due"), 50))


def test_the_first_window_of_training_is_due_at_once_and_the_next_when_the_others_had_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "time", lambda: now)

    def measures(turnstile: Turnstile) -> bool:
        """Whether it measures now, for 2 s."""
        nonlocal now
        turnstile.measure_if_due()
        measured = turnstile.quiet
        now += 2 * measured
        turnstile.end()
        return measured

    with Turnstile(tmp_path) as one, Turnstile(tmp_path) as other:
        assert (measures(one), measures(one), measures(other)) == (True, False, True)
        now += 2 * REST - 1  # since the other's window; the first run's own was 2 s earlier
        assert (measures(one), measures(other)) == (False, False)
        now += 2 * REST - 1
        assert (measures(other), measures(one)) == (False, True)
        assert measures(other) is False


def test_a_run_that_reads_data_or_compiles_is_not_waited_for(tmp_path: Path) -> None:
    with Turnstile(tmp_path) as turnstile, Turnstile(tmp_path) as other:
        other.pause()
        turnstile.measure_if_due()
        assert turnstile.quiet


def test_a_killed_run_that_measured_frees_the_others(start: Start) -> None:
    measuring = start("measure_if_due", window_seconds=60.0)
    assert read(measuring, 1)[0][0]
    paused = start("begin")
    time.sleep(1)
    measuring.kill()
    killed = time.monotonic()
    (_, began, _), *_ = read(paused, 1)
    assert killed < began < killed + 5


def test_a_run_that_measures_for_too_long_is_not_waited_for_again(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiet, "_LONGEST_PAUSE_SECONDS", 0.2)
    measuring = start("measure_if_due", window_seconds=60.0)
    read(measuring, 1)
    with Turnstile(tmp_path) as turnstile:
        began = time.monotonic()
        turnstile.begin()
        turnstile.end()
        assert 0.2 <= time.monotonic() - began < 1
        assert not turnstile.awaited()
        measuring.kill()
        measuring.wait()
        assert not turnstile.awaited()
        turnstile.measure_if_due()
        assert turnstile.quiet


def test_others_that_do_not_pause_are_measured_beside_and_left_in_peace_for_a_while(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiet, "_PATIENCE_SECONDS", 0.1)
    busy = start("begin", step_seconds=60.0)
    while not (tmp_path / "present.lock").exists():
        time.sleep(0.01)
    time.sleep(0.5)
    with Turnstile(tmp_path) as turnstile:
        for seconds in (0.1, 0.0):
            began = time.monotonic()
            turnstile.measure()
            assert not turnstile.quiet
            assert seconds <= time.monotonic() - began < seconds + 0.1
        busy.kill()


@pytest.mark.parametrize("refused", [errno.ENOSYS, errno.ENOLCK])
def test_without_locks_a_run_measures_beside_the_others_and_says_so(
    refused: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(refused, os.strerror(refused))

    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(fcntl, "flock", refuse)
    with Turnstile.join() as turnstile:
        turnstile.measure()
        turnstile.pause()
        turnstile.begin()
        turnstile.end()
        assert not turnstile.quiet
        assert not turnstile.awaited()
    assert turnstile.problems == [
        f"Speed was measured without pausing other runs: [Errno {refused}] {os.strerror(refused)}."
    ]


def test_the_folder_of_the_locks_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with Turnstile.join():
        folder = tmp_path / "attnbench" / "locks" / platform.node()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {path.name for path in folder.iterdir()} == {"measuring.lock", "computing.lock", "present.lock"}
