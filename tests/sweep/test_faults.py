"""Every call that can fail does so once, and the same command is given again: it finishes, and nothing is wrong."""

import io
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import pytest

from attnbench.records import ExitCode, RunFolder, Status
from attnbench.sweep import command
from attnbench.sweep.compose import Job
from attnbench.worker import entry
from tests import made, standin
from tests.faults import KINDS, Faults
from tests.program import one_line

_NO_PROCESS = 1 << 23  # beyond the largest number that Linux gives


class Child:
    """Stands in for `subprocess.Popen`: the child's program, done in this process at once."""

    pid, stdin = _NO_PROCESS, None

    def __init__(self, arguments: list[str], stdout: BinaryIO, **_: Any) -> None:
        log = io.TextIOWrapper(io.FileIO(stdout.fileno(), "ab", closefd=False), write_through=True)
        with redirect_stdout(log), redirect_stderr(log):
            try:
                self.returncode = int(entry.main(arguments[1:], standin._behaviour))
            except Exception:
                traceback.print_exc()
                self.returncode = ExitCode.FAILED

    def poll(self) -> int:
        return self.returncode

    wait = poll


@pytest.fixture
def command_line(
    jobs: Callable[..., list[Job]], store_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path], int]:
    """Gives the command that does one run and its report in a folder; returns its exit status."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setattr(subprocess, "Popen", with_git(subprocess.Popen))
    monkeypatch.setattr(entry, "_listen", lambda *_: None)
    monkeypatch.setattr(sys, "path", list(sys.path))
    launcher = SimpleNamespace(in_this_process=True, parallel=1, check_store=lambda _: None)

    def given(folder: Path) -> int:
        options = [f"tracking.uri={store_uri}", "tracking.system_metrics=false", "threads=1"]
        folders = [f"runs_dir={folder / 'runs'}", f"reports_dir={folder / 'reports'}"]
        request = SimpleNamespace(jobs=jobs([*options, *folders]), launcher=launcher)
        monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)  # which the command sets for its process
        monkeypatch.setattr(command, "read_command_line", lambda: request)
        return command.main(("child",), one_line)

    return given


def with_git(start: Callable[..., Any]) -> Callable[..., Any]:
    """What starts git as ever, and anything else as `Child`."""
    return lambda arguments, **options: (start if arguments[0] == "git" else Child)(arguments, **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_a_fault_costs_a_sentence_and_the_same_command_finishes(
    kind: str, command_line: Callable[[Path], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 200):
        folder = tmp_path / str(number)
        faults = Faults(kind, tmp_path, number)
        with pytest.MonkeyPatch.context() as patch:
            faults.install(patch)
            status = command_line(folder)
        printed = capsys.readouterr()
        told = f"fault {number} of {kind}: status {status}\n{printed.out}{printed.err}"
        assert "Traceback" not in printed.out + printed.err, told
        assert status in (ExitCode.FINISHED, ExitCode.FAILED, ExitCode.REFUSED), told
        runs = [RunFolder(path.parent) for path in folder.glob("runs/*/config.json")]
        assert status != ExitCode.FINISHED or [run.outcome().status for run in runs] == [Status.FINISHED], told
        assert status == ExitCode.FINISHED or printed.out + printed.err, told
        assert command_line(folder) == ExitCode.FINISHED, told + str(capsys.readouterr())
        (run,) = (RunFolder(path.parent) for path in folder.glob("runs/*/config.json"))
        assert run.outcome().status == Status.FINISHED
        assert run.result.required().metrics["test/bleu"] == 51.0
        assert [point.step for point in made.points(run)] == list(range(1, standin.STEPS + 1)), told
        assert (folder / "reports" / "main" / "index.html").exists(), told
        assert [path.name for path in run.path.rglob(".*")] == [], told
        if not faults.injected:
            return
    pytest.fail(f"no end of {kind} after {number} faults")
