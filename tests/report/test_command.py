"""`python -m attnbench.report`: what it reads, what it refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attnbench.config import RESULTS_VERSION
from attnbench.records import Status
from attnbench.report.command import main
from attnbench.report.sources.saved import read
from tests.report.synthetic import write_plan, write_run

Compose = Callable[..., dict[str, Any]]


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a command says that ends with status 2."""

    def said(*arguments: str) -> str:
        assert main(arguments) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        return printed.err

    return said


def test_no_folder_of_runs(refusal: Callable[..., str], tmp_path: Path) -> None:
    assert refusal("--runs", str(tmp_path / "runs")) == (
        f"attnbench.report: No folder {tmp_path / 'runs'}. Expected run folders: train first (python -m attnbench -m "
        "attention=bahdanau,dot,general), or give --runs DIR, --csv FILE or --mlflow URI.\n"
    )


def test_no_runs(refusal: Callable[..., str], tmp_path: Path) -> None:
    assert refusal("--runs", str(tmp_path), "mechanisms") == (
        "attnbench.report: Study 'mechanisms' has no runs. Expected at least one that finished: train, "
        "python -m attnbench.\n"
    )


def test_no_finished_run_is_one_error_and_writes_nothing(
    refusal: Callable[..., str], compose: Compose, tmp_path: Path
) -> None:
    runs_dir, output = tmp_path / "runs", tmp_path / "report"
    folders = [
        write_run(runs_dir, compose(f"attention={name}"), status=status, reason="out of memory")
        for name, status in (("dot", Status.FAILED), ("none", Status.FAILED), ("general", Status.KILLED))
    ]
    write_plan(runs_dir, "mechanisms", folders)
    assert refusal("--runs", str(runs_dir), "--output", str(output)) == (
        "attnbench.report: Study 'mechanisms' has no finished run. Expected at least one, received 2 FAILED and 1 "
        "KILLED. See the run.log of a failed run; the command that started the study resumes it.\n"
    )
    assert not output.exists()


def test_two_studies(refusal: Callable[..., str]) -> None:
    assert refusal("length", "mechanisms") == (
        "attnbench.report: A report is of one study, received 2: length, mechanisms. Name one.\n"
    )


def test_a_study_beside_a_file(refusal: Callable[..., str]) -> None:
    assert refusal("mechanisms", "--csv", "reports/length/runs.csv") == (
        "attnbench.report: --csv reports/length/runs.csv holds one study, received a name as well: mechanisms. "
        "Omit one of them.\n"
    )


def test_an_unknown_option(refusal: Callable[..., str]) -> None:
    assert refusal("selekt=valid/bleu") == (
        "attnbench.report: Unknown option 'selekt'. Known: select, over, results_version, against, margin, pairs. "
        "Did you mean 'select'?\n"
    )


@pytest.mark.parametrize("margin", ["none", "-1", "0", "inf", "nan"])
def test_a_margin_that_is_no_number_of_points(refusal: Callable[..., str], margin: str) -> None:
    assert refusal(f"margin={margin}") == (
        f"attnbench.report: margin must be a positive number of BLEU points, received {margin}.\n"
    )


def test_pairs_other_than_all(refusal: Callable[..., str]) -> None:
    assert refusal("pairs=some") == "attnbench.report: Unknown pairs 'some'. Known: all.\n"


def test_a_mechanism_to_compare_with_that_is_not_in_the_study(refusal: Callable[..., str], small_runs: Path) -> None:
    assert refusal("--runs", str(small_runs), "against=dott") == (
        "attnbench.report: Unknown against=dott. Known: bahdanau, dot, none. Did you mean 'dot'?\n"
    )


def test_a_folder_that_cannot_be_written(refusal: Callable[..., str], small_runs: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    said = refusal("--runs", str(small_runs), "--output", str(tmp_path / "taken" / "small"))
    assert said == (
        f"attnbench.report: The report cannot be written into {tmp_path / 'taken' / 'small'}: Not a directory. "
        "Name a folder that can be written.\n"
    )


def test_a_store_that_is_not_there_is_not_made(refusal: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    assert refusal("--mlflow", f"sqlite:///{file}") == (
        f"attnbench.report: No MLflow store at {file}. Give --mlflow the address of one, or --runs DIR.\n"
    )
    assert not file.exists()


def test_an_empty_store(refusal: Callable[..., str], store_uri: str) -> None:
    assert refusal("--mlflow", store_uri) == (
        f"attnbench.report: The MLflow store {store_uri} has no runs. Train first: python -m attnbench.\n"
    )


def test_a_store_that_does_not_answer(refusal: Callable[..., str]) -> None:
    assert refusal("--mlflow", "http://127.0.0.1:9") == (
        "attnbench.report: MLflow at http://127.0.0.1:9 cannot be read: no connection. Start it, or give --runs DIR.\n"
    )


def test_one_version_of_a_study_can_be_reported(
    refusal: Callable[..., str], compose: Compose, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs_dir, output = tmp_path / "runs", tmp_path / "report"
    for seed, version in ((1, 3), (2, RESULTS_VERSION)):
        write_run(runs_dir, compose(f"seed={seed}"), metrics={"test/bleu": 43.0}, results_version=version)
    arguments = ["--runs", str(runs_dir), "--output", str(output)]
    assert refusal(*arguments).startswith(
        "attnbench.report: The finished runs of study 'main' were made under different results versions: 3 (1 run)"
    )
    assert main([*arguments, "results_version=3"]) == 0
    assert [run.seed for run in read(output / "runs.csv").runs] == [1]


def test_a_remark_is_shown_and_kept(compose: Compose, tmp_path: Path) -> None:
    runs_dir, first, again = (tmp_path / name for name in ("runs", "first", "again"))
    write_run(runs_dir, compose(), metrics={"test/bleu": 43.0})
    assert main(["--runs", str(runs_dir), "--output", str(first), "--remark", "The machine was busy."]) == 0
    assert main(["--csv", str(first / "runs.csv"), "--output", str(again), "--remark", "The machine was busy."]) == 0
    assert read(again / "runs.csv").remarks == ("The machine was busy.",)
    assert (again / "report.md").read_text(encoding="utf-8").count("\n> - **Remark**: The machine was busy.\n") == 1
