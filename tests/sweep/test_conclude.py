"""What a sweep says and returns in the end."""

import errno
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from attnbench.records import Outcome, RunFolder, Status
from attnbench.sweep.command import conclude
from attnbench.sweep.compose import Job
from attnbench.sweep.plan import make_plan
from attnbench.sweep.work import Work
from tests import made

Begun = tuple[Work, RunFolder]


@pytest.fixture
def begun(jobs: Callable[..., list[Job]], store_uri: str) -> Begun:
    """A plan of one run at work, and that run's folder."""
    plan = make_plan(jobs([f"tracking.uri={store_uri}"]), parallel=1)
    (entry,) = plan.entries
    work = Work(plan, plan.write(Path(entry.config.runs_dir)), store_uri, ("false",), alone=True)
    return work, made.begin(work.folder(entry), entry.config, entry.identity)


def report(runs_dir: Path, plan: Path, output: Path) -> Path:
    return output / "index.html"


def no_report(runs_dir: Path, plan: Path, output: Path) -> Path:
    raise AssertionError("nothing has finished")


def test_a_sweep_whose_runs_have_finished_returns_zero(begun: Begun) -> None:
    work, folder = begun
    made.finish(folder)
    assert conclude(work, report) == 0


def test_ctrl_c_after_the_end_is_not_lost(begun: Begun) -> None:
    work, folder = begun
    made.finish(folder)
    work.stop.listen()
    assert conclude(work, report) == 0
    assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL


def test_a_sweep_with_a_failed_run_returns_one(begun: Begun) -> None:
    work, folder = begun
    folder.record(Outcome(Status.FAILED, "time limit"))
    assert conclude(work, no_report) == 1


def test_a_sweep_whose_run_is_somebody_elses_returns_zero(begun: Begun) -> None:
    work, folder = begun
    lock = folder.lock()
    assert lock is not None
    assert conclude(work, no_report) == 0


def test_a_stopped_sweep_returns_its_signal_and_writes_no_report(
    begun: Begun, capsys: pytest.CaptureFixture[str]
) -> None:
    work, folder = begun
    made.finish(folder)
    work.stop.request("SIGTERM")
    assert conclude(work, no_report) == 143
    assert capsys.readouterr().out.endswith("\nStopped by SIGTERM. The same command resumes from here.\n")
    assert not work.stop.path.exists()


def test_a_sweep_that_is_stopped_while_its_report_is_drawn_says_so(
    begun: Begun, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(runs_dir: Path, plan: Path, output: Path) -> Path:
        raise KeyboardInterrupt

    work, folder = begun
    made.finish(folder)
    assert conclude(work, interrupted) == 130
    assert capsys.readouterr().out.endswith("\nStopped by SIGINT. The same command resumes from here.\n")


def test_an_error_of_the_system_at_the_end_is_one_sentence(
    begun: Begun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: RunFolder) -> Outcome:
        raise OSError(errno.EIO, "Input/output error", "lock")

    work, folder = begun
    made.finish(folder)
    monkeypatch.setattr("attnbench.sweep.command.current_outcome", refuse)
    assert conclude(work, no_report) == 1
    assert capsys.readouterr().err == ("Input/output error: lock. Repeat the command: finished runs are skipped.\n")


def test_a_run_that_cannot_be_sent_is_named_and_changes_no_result(
    begun: Begun, capsys: pytest.CaptureFixture[str]
) -> None:
    work, folder = begun
    made.finish(folder)
    folder.predictions.path.mkdir()
    assert conclude(work, report) == 0
    assert capsys.readouterr().err == (
        f"Not sent: {folder.predictions.path} is damaged: it is not a file. Restore it from a copy, or delete it.\n"
    )


def test_a_run_whose_facts_are_lost_has_failed_for_that_reason(
    begun: Begun, capsys: pytest.CaptureFixture[str]
) -> None:
    work, folder = begun
    made.finish(folder)
    folder.facts.path.unlink()
    message = f"{folder.facts.path} is missing. Restore it from a copy, or delete its folder."
    assert conclude(work, no_report) == 1
    printed = capsys.readouterr()
    assert printed.out == f"\n{folder.path.name}  failed ({message})\n"
    assert printed.err == f"Not sent: {message}\n"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("Nothing to compare."), "Nothing to compare."),
        (OSError(errno.EAGAIN, "Resource temporarily unavailable"), "Resource temporarily unavailable."),
    ],
)
def test_a_report_that_cannot_be_written_is_reported_and_changes_no_result(
    begun: Begun, capsys: pytest.CaptureFixture[str], error: Exception, words: str
) -> None:
    def refuse(runs_dir: Path, plan: Path, output: Path) -> Path:
        raise error

    work, folder = begun
    made.finish(folder)
    assert conclude(work, refuse) == 0
    assert capsys.readouterr().err == f"No report: {words}\n"
