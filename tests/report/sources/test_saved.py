"""Runs written beside a report and read again."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attnbench.records import Status
from attnbench.records.sentences import ALIGNED
from attnbench.report.sources.runs import Run, Runs
from attnbench.report.sources.saved import files_of, read
from attnbench.scoring.bleu import Columns
from tests.report.synthetic import attention_map, drawn_sentences

Make = Callable[..., Run]


def again(runs: Runs, folder: Path) -> Runs:
    for name, data in files_of(runs, {run.run_id: run.maps for run in runs.runs if run.maps}).items():
        (folder / name).write_bytes(data)
    return read(folder / "runs.csv")


def listed(columns: Columns | None) -> dict[str, list[int]]:
    return {name: column.tolist() for name, column in (columns or {}).items()}


def test_a_run_comes_back_as_it_was(make_run: Make, tmp_path: Path) -> None:
    run = make_run(
        "none",
        metrics={"test/bleu": 0.1 + 0.2, "length/sentences_001_010": 31.0},
        histories={"train/loss": ((20, 3.25), (40, 1 / 3))},
        sentences=drawn_sentences(0.5, count=7),
        maps=[attention_map(3, ["a"], ["b", "c"])],
        origin={"threads": 2, "versions": {"keras": "3.15.1"}, "notes": ["3 pairs were skipped."], "dirty": False},
        data__lowercase="False",
        time_limit_minutes="None",
    )
    failed = make_run("dot", status=Status.FAILED, origin={"reason": 'a "quoted", long reason'})
    found = again(Runs.of("small", [run, failed]), tmp_path)
    assert (found.study, [run.run_id for run in found.runs]) == ("small", [run.run_id, failed.run_id])
    for name in ("status", "signature", "params", "metrics", "histories", "maps", "origin"):
        assert getattr(found.runs[0], name) == getattr(run, name)
    assert found.runs[0].sentences is not None
    assert listed(found.runs[0].sentences) == listed(run.sentences)
    assert found.runs[0].alignments is None
    assert found.runs[1].origin == failed.origin
    assert found.runs[1].metrics == {}


def test_runs_that_lack_a_column_or_alignments_come_back_without_them(make_run: Make, tmp_path: Path) -> None:
    rows = drawn_sentences(0.5, count=7)
    aligned = dict(zip(ALIGNED, np.array([[5, 3, 7], [2, 4, 4]]).T, strict=True))
    runs = [
        make_run("dot", sentences=rows, alignments=aligned),
        make_run("none", sentences={**rows, "unfinished": np.arange(7) % 2}),
        make_run("general"),
    ]
    found = {run.run_id: run for run in again(Runs.of("small", runs), tmp_path).runs}
    for run in runs:
        assert listed(found[run.run_id].sentences) == listed(run.sentences)
        assert listed(found[run.run_id].alignments) == listed(run.alignments)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(
    value=st.floats(allow_nan=False), text=st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1)
)
def test_every_number_and_text_comes_back_exactly(make_run: Make, tmp_path: Path, value: float, text: str) -> None:
    run = make_run("dot", metrics={"test/perplexity": value}, data__options__word=text)
    (found,) = again(Runs.of("small", [run]), tmp_path).runs
    assert found.metrics == {"test/perplexity": value}
    assert found.params["data.options.word"] == text


def test_a_bare_runs_csv_is_enough(make_run: Make, tmp_path: Path) -> None:
    runs = Runs.of("small", [make_run("dot", bleu=43.0, study="named")])
    (tmp_path / "runs.csv").write_bytes(files_of(runs, {})["runs.csv"])
    found = read(tmp_path / "runs.csv")
    assert (found.study, found.runs[0].metrics, found.runs[0].sentences) == ("named", {"test/bleu": 43.0}, None)


def test_the_same_runs_write_the_same_bytes(make_run: Make) -> None:
    runs = [make_run(name, sentences=drawn_sentences(0.5, count=7)) for name in ("dot", "none")]
    assert files_of(Runs.of("small", runs), {}) == files_of(Runs.of("small", runs[::-1]), {})


def test_a_missing_file_is_an_error_that_says_which_file_to_give(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No file") as caught:
        read(tmp_path / "runs.csv")
    assert str(caught.value) == (
        f"No file {tmp_path / 'runs.csv'}. Give --csv the runs.csv of a report, for example reports/STUDY/runs.csv."
    )


def test_another_csv_is_an_error_that_names_the_column(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("run_id,status,signature,attention\n")
    with pytest.raises(ValueError, match="no column") as caught:
        read(path)
    assert str(caught.value) == f"{path} has no column 'hidden_size'. Expected the runs.csv of a report."


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("runs.csv", b"", None),
        ("runs.csv", b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        ("sentences.csv.gz", b"no gzip", "Not a gzipped file (b'no')"),
        ("histories.csv", b"run_id,key,step,value\na,b,c,d\n", "invalid literal for int() with base 10: 'c'"),
        ("provenance.json", b"5", "provenance.json must be a mapping, received 5"),
        ("maps.json", b"[]", "maps.json must be a mapping, received []"),
    ],
)
def test_a_damaged_file_is_named(make_run: Make, tmp_path: Path, name: str, content: bytes, reason: str | None) -> None:
    again(Runs.of("small", [make_run("dot", bleu=43.0)]), tmp_path)
    path = tmp_path / name
    path.write_bytes(content)
    message = f"{path} is damaged: {reason}. Restore it from a copy, or delete it."
    if reason is None:
        message = f"{path} has no column 'run_id'. Expected the runs.csv of a report."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read(tmp_path / "runs.csv")
