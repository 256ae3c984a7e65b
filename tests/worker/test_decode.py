"""Decoding and aligning with a finished run."""

import json
from pathlib import Path

from attnbench.results import RunFolder
from tests.worker.conftest import result, run


def test_a_finished_run_translates_as_it_was_tested(finished: RunFolder, tmp_path: Path) -> None:
    source, output = tmp_path / "source.txt", tmp_path / "output.txt"
    maps = json.loads(finished.maps.read_text())
    lines = [" ".join(entry["source"]) for entry in maps]
    source.write_text(f"{lines[0]}\n\n{lines[1]}\n")
    assert run(finished, "translate", str(source), str(output)) == 0, finished.log.read_text()
    predictions = finished.predictions.read_text().splitlines()
    first, second = (predictions[entry["sentence"]] for entry in maps)
    assert output.read_text() == f"{first}\n\n{second}\n"


def test_a_finished_run_aligns_each_target_word_once(finished: RunFolder, tmp_path: Path) -> None:
    words = json.loads(finished.maps.read_text())[0]["source"]
    source, output = tmp_path / "pairs.txt", tmp_path / "links.txt"
    source.write_text(f"{' '.join(words)}\t{' '.join(reversed(words))}\n")
    assert run(finished, "align", str(source), str(output)) == 0, finished.log.read_text()
    links = [link.split("-") for link in output.read_text().split()]
    assert [int(target) for _, target in links] == list(range(len(words)))
    assert all(0 <= int(place) < len(words) for place, _ in links)


def test_a_line_without_a_tab_is_told(finished: RunFolder, tmp_path: Path) -> None:
    source = tmp_path / "pairs.txt"
    source.write_text("one side only\n")
    assert run(finished, "align", str(source), "-") == 1
    message = f"Line 1 of {source} has 0 tabs, expected one: source TAB target. Mend the line."
    assert finished.log.read_text().splitlines()[-1] == message
    assert result(finished)["status"] == "FINISHED"
