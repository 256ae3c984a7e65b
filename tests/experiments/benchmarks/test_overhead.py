"""What the benchmark of overheads reads from the folder of a run."""

from pathlib import Path

from attnbench.records import MetricsEvent, Result, RunFolder, Status, StatusEvent
from experiments.benchmarks.overhead.sweeps import run_of


def test_a_run_starts_with_its_first_status_and_ends_with_its_last_event(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "dot-1")
    folder.path.mkdir()
    for event in (
        StatusEvent(Status.RUNNING, time=2.0),
        MetricsEvent(13, {"valid/loss": 2.0}, time=3.0),
        MetricsEvent(20, {"train/loss": 3.0}, time=5.0),
        MetricsEvent(40, {"train/loss": 2.5}, time=7.0),
        StatusEvent(Status.FINISHED, time=11.0),
    ):
        folder.append(event)
    metrics = {"test/bleu": 17.0, "speed/timed_steps": 40.0, "memory/train_peak_bytes": 5.0}
    folder.result.write(Result("train", "1", metrics, {}, 9.0))

    run = run_of(folder.path)

    assert (run.name, run.results) == ("dot-1", {"test/bleu": 17.0})
    assert (run.start, run.first_loss, run.end) == (2.0, 5.0, 11.0)
