"""Events and progress."""

from pathlib import Path

from attnbench.results import RunFolder
from attnbench.worker.reporter import Reporter


def test_points_that_an_earlier_attempt_wrote_are_not_written_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    first = Reporter(folder)
    first.metrics(20, {"train/loss": 3.0})
    first.metrics(40, {"train/loss": 2.0})
    second = Reporter(folder)
    second.metrics(40, {"train/loss": 2.0, "valid/loss": 5.0})
    second.metrics(60, {"train/loss": 1.0})
    found = [(event["step"], event["values"]) for event in folder.read_events()]
    assert found == [
        (20, {"train/loss": 3.0}),
        (40, {"train/loss": 2.0}),
        (40, {"valid/loss": 5.0}),
        (60, {"train/loss": 1.0}),
    ]


def test_progress_leaves_out_what_is_not_known_yet(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    Reporter(folder).progress(phase="training", step=3, loss=None)
    assert folder.progress.read_text() == '{"phase": "training", "step": 3}'
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]
