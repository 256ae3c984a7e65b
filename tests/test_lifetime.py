"""Processes that have nothing to save end at once: on Ctrl-C without a traceback, and with their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from attnbench.lifetime import end_on_interrupt

CHECKOUT = Path(__file__).parents[1]

_PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1]])
time.sleep(60)
"""
_CHILD = """
import time
from pathlib import Path
from attnbench.lifetime import end_with_parent
end_with_parent()
Path("ready").touch()
time.sleep(60)
"""
_REPORT = """
import sys
from pathlib import Path
from attnbench.report.process import write_report
try:
    write_report(Path("runs"), Path("plan"), Path("report"))
except (KeyboardInterrupt, ValueError) as error:
    print(type(error).__name__, error)
"""


def start(path: Path, *arguments: str) -> subprocess.Popen[str]:
    """Python in `path`, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=path,
        env={**os.environ, "PYTHONPATH": f"{path}:{CHECKOUT}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def reads_plan(tmp_path: Path) -> Callable[[], bool]:
    """Whether a report's process, started with `_REPORT` in this folder, has come to read its plan, where it waits."""
    os.mkfifo(tmp_path / "plan")

    def opened() -> bool:
        try:
            os.close(os.open(tmp_path / "plan", os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True

    return opened


def drawing(parent: subprocess.Popen[str]) -> list[psutil.Process]:
    """The process of the report that `parent` writes."""
    return [child for child in psutil.Process(parent.pid).children() if "spawn_main" in " ".join(child.cmdline())]


@pytest.mark.slow
@pytest.mark.parametrize("module", ["attnbench", "attnbench.report", "attnbench.worker"])
def test_ctrl_c_during_the_first_imports_prints_nothing(tmp_path: Path, module: str) -> None:
    (tmp_path / "filelock.py").write_text("import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(60)\n")
    with start(tmp_path, "-m", module) as process:
        wait_for((tmp_path / "begun").exists)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == -signal.SIGINT


def test_an_ignored_interrupt_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_on_interrupt()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_with_its_parent_however_that_ends(tmp_path: Path, number: int) -> None:
    with start(tmp_path, "-c", _PARENT, _CHILD) as parent:
        wait_for((tmp_path / "ready").exists)
        children = psutil.Process(parent.pid).children()
        parent.send_signal(number)
        assert psutil.wait_procs(children, timeout=30)[1] == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("early", [True, False])
def test_the_process_of_a_report_ends_with_its_parent(
    tmp_path: Path, reads_plan: Callable[[], bool], number: int, early: bool
) -> None:
    with start(tmp_path, "-c", _REPORT) as parent:
        wait_for(lambda: drawing(parent))
        children = psutil.Process(parent.pid).children()
        if not early:
            wait_for(reads_plan)
        parent.send_signal(number)
        assert psutil.wait_procs(children, timeout=30)[1] == []


@pytest.mark.slow
@pytest.mark.parametrize("early", [True, False])
def test_ctrl_c_ends_the_process_of_a_report_without_a_word(
    tmp_path: Path, reads_plan: Callable[[], bool], early: bool
) -> None:
    with start(tmp_path, "-c", _REPORT) as parent:
        wait_for(lambda: drawing(parent))
        if not early:
            wait_for(reads_plan)
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.communicate(timeout=30) == ("KeyboardInterrupt \n", "")


@pytest.mark.slow
def test_a_report_whose_process_is_killed_is_refused(tmp_path: Path, reads_plan: Callable[[], bool]) -> None:
    message = "Its process was killed, which a lack of memory can cause. Write it with python -m attnbench.report."
    with start(tmp_path, "-c", _REPORT) as parent:
        wait_for(reads_plan)
        (child,) = drawing(parent)
        child.kill()
        assert parent.communicate(timeout=30) == (f"ValueError {message}\n", "")
