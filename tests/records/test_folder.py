"""The status of a run, and the files of its folder."""

from pathlib import Path

import pytest

from attnbench.records import Outcome, RunFolder, Status
from tests import made


def test_a_folder_in_which_nothing_has_started_is_scheduled(tmp_path: Path) -> None:
    assert RunFolder(tmp_path / "new").outcome() == Outcome(Status.SCHEDULED)


def test_the_last_status_counts(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for outcome in (Outcome(Status.RUNNING), Outcome(Status.FAILED, "time limit")):
        folder.record(outcome)
        assert folder.outcome() == outcome


def test_a_run_is_finished_when_its_result_is_complete(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert not folder.finished()
    folder.result.write(made.result())
    assert folder.finished()


@pytest.mark.parametrize("content", ['{"status": "FINI', '{"metrics": {}}', "[]", "\xff"])
def test_a_run_whose_result_cannot_be_read_has_not_finished(tmp_path: Path, content: str) -> None:
    folder = RunFolder(tmp_path)
    folder.record(Outcome(Status.FINISHED))
    folder.result.path.write_bytes(content.encode("latin-1"))
    assert not folder.finished()
    assert folder.outcome() == Outcome(Status.KILLED, "result lost")


def test_leftovers_of_kills_are_removed_except_of_the_file_that_is_written_without_the_lock(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    kept = [".tracking.json.7", "config.json", "checkpoint/last.npz"]
    folder.last_checkpoint.path.parent.mkdir()
    for name in (*kept, ".config.json.7", "checkpoint/.last.npz.11"):
        (tmp_path / name).touch()
    folder.remove_leftovers()
    files = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(files) == sorted(kept)


def test_a_failure_names_what_the_run_was_forecast_to_need(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.with_need("time limit") == "time limit"
    folder.forecast.write(made.forecast(needs={"time limit": "about 73.2 minutes by forecast"}))
    assert folder.with_need("time limit") == "time limit: about 73.2 minutes by forecast"
    assert folder.with_need("out of memory") == "out of memory"


def test_every_file_has_its_own_name(tmp_path: Path) -> None:
    names = [file.name for file in RunFolder.files()]
    assert len(set(names)) == len(names)
    assert RunFolder(tmp_path).result.path == tmp_path / RunFolder.result.name
