"""Events and progress."""

from pathlib import Path

from attnbench.records import Progress, RunFolder
from attnbench.worker.reporter import Reporter
from tests import made


def test_points_that_an_earlier_attempt_wrote_are_not_written_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    first = Reporter(folder)
    first.metrics(20, {"train/loss": 3.0})
    first.metrics(40, {"train/loss": 2.0})
    second = Reporter(folder)
    second.metrics(40, {"train/loss": 2.0, "valid/loss": 5.0})
    second.metrics(60, {"train/loss": 1.0})
    assert [(event.step, event.values) for event in made.points(folder)] == [
        (20, {"train/loss": 3.0}),
        (40, {"train/loss": 2.0}),
        (40, {"valid/loss": 5.0}),
        (60, {"train/loss": 1.0}),
    ]


def test_progress_is_replaced_at_most_twice_a_second(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    reporter = Reporter(folder)
    for step in (3, 5):
        reporter.progress(Progress("training", step=step))
    assert folder.progress.read() == Progress("training", step=3)
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]
