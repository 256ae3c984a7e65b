"""What the benchmark of overheads reads from the folder of a run."""

from pathlib import Path

from attnbench.results import FINISHED, RUNNING, RunFolder, write_json
from experiments.benchmarks.overhead.sweeps import run_of


def test_a_run_starts_with_its_first_status_and_ends_with_its_last_event(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "dot-1")
    folder.path.mkdir()
    folder.append("status", status=RUNNING)
    folder.append("metrics", step=13, values={"valid/loss": 2.0})
    folder.append("metrics", step=20, values={"train/loss": 3.0})
    folder.append("metrics", step=40, values={"train/loss": 2.5})
    folder.append("status", status=FINISHED)
    write_json(
        folder.result, {"metrics": {"test/bleu": 17.0, "speed/timed_steps": 40.0, "memory/train_peak_bytes": 5.0}}
    )
    times = [event["time"] for event in folder.read_events()]

    run = run_of(folder.path)

    assert (run.name, run.results) == ("dot-1", {"test/bleu": 17.0})
    assert (run.start, run.first_loss, run.end) == (times[0], times[2], times[4])
