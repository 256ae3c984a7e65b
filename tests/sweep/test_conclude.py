"""What a sweep says and returns in the end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from attnbench.results import FAILED, FINISHED, RUNNING, RunFolder, write_json
from attnbench.sweep.command import conclude
from attnbench.sweep.compose import Composition, Launcher
from attnbench.sweep.plan import make_plan, stop_of


@pytest.fixture
def frozen(compositions: Callable[..., list[Composition]], store_uri: str) -> tuple[Path, RunFolder]:
    """The path of a plan of one run, and that run's folder."""
    plan = make_plan(compositions([f"tracking.uri={store_uri}"]), Launcher(one_by_one=True, parallel=1))
    runs_dir = Path(plan.entries[0].config["runs_dir"])
    folder = RunFolder(runs_dir / plan.entries[0].folder)
    write_json(folder.config, plan.entries[0].config)
    write_json(folder.facts, plan.entries[0].facts)
    folder.append("status", status=RUNNING)
    return plan.write(runs_dir), folder


def report(runs_dir: Path, plan: Path, output: Path) -> Path:
    return output / "index.html"


def no_report(runs_dir: Path, plan: Path, output: Path) -> Path:
    raise AssertionError("nothing has finished")


def finish(folder: RunFolder) -> None:
    write_json(folder.result, {"status": FINISHED, "metrics": {"test/bleu": 43.0}, "duration_seconds": 7.0})
    folder.append("status", status=FINISHED)


def test_a_sweep_whose_runs_have_finished_returns_zero(frozen: tuple[Path, RunFolder]) -> None:
    path, folder = frozen
    finish(folder)
    assert conclude(path, report) == 0


def test_a_sweep_with_a_failed_run_returns_one(frozen: tuple[Path, RunFolder]) -> None:
    path, folder = frozen
    folder.append("status", status=FAILED, reason="time limit")
    assert conclude(path, no_report) == 1


def test_a_sweep_whose_run_is_somebody_elses_returns_zero(frozen: tuple[Path, RunFolder]) -> None:
    path, folder = frozen
    assert folder.lock() is not None
    assert conclude(path, no_report) == 0


def test_a_stopped_sweep_returns_its_signal_and_writes_no_report(
    frozen: tuple[Path, RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    path, folder = frozen
    finish(folder)
    stop_of(path).request("SIGTERM")
    assert conclude(path, no_report) == 143
    assert capsys.readouterr().out.endswith("\nStopped by SIGTERM. The same command goes on from here.\n")
    assert not stop_of(path).path.exists()


def test_a_sweep_that_is_stopped_while_its_report_is_drawn_says_so(
    frozen: tuple[Path, RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(runs_dir: Path, plan: Path, output: Path) -> Path:
        raise KeyboardInterrupt

    path, folder = frozen
    finish(folder)
    assert conclude(path, interrupted) == 130
    assert capsys.readouterr().out.endswith("\nStopped by SIGINT. The same command goes on from here.\n")


def test_a_run_that_cannot_be_sent_is_told_and_changes_no_result(
    frozen: tuple[Path, RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    path, folder = frozen
    finish(folder)
    folder.config.write_text("{")
    assert conclude(path, report) == 0
    assert capsys.readouterr().err == (
        f"Not sent: {folder.config} is damaged: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1). Restore it from a copy, or delete it.\n"
    )


def test_a_report_that_cannot_be_written_is_told_and_changes_no_result(
    frozen: tuple[Path, RunFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(runs_dir: Path, plan: Path, output: Path) -> Path:
        raise ValueError("Nothing to compare.")

    path, folder = frozen
    finish(folder)
    assert conclude(path, refuse) == 0
    assert capsys.readouterr().err == "No report: Nothing to compare.\n"
