"""The reports in reports/: what they say of their own age, and what of the machine."""

import json
from pathlib import Path
from typing import Any

import pytest

from attnbench.config import RESULTS_VERSION

REPORTS = Path(__file__).parents[2] / "reports"
PUBLISHED = sorted(path.parent for path in REPORTS.rglob("provenance.json"))
AGAIN = (
    "Write it again: python -m attnbench.report --csv {0}/runs.csv --output {0} (reports/README.md has its choices)."
)


@pytest.fixture(params=PUBLISHED, ids=lambda folder: str(folder.relative_to(REPORTS)))
def folder(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def provenance(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    return content


def test_every_run_records_one_results_version(folder: Path) -> None:
    (version,) = {run["results_version"] for run in provenance(folder)["runs"].values()}
    assert 1 <= version <= RESULTS_VERSION


@pytest.mark.parametrize("page", ["index.html", "report.md"])
def test_a_report_older_than_the_code_says_so_above_its_sections(folder: Path, page: str) -> None:
    (version,) = {run["results_version"] for run in provenance(folder)["runs"].values()}
    top = (
        (folder / page).read_text(encoding="utf-8").partition("The answer</h2>" if page == "index.html" else "\n## ")[0]
    )
    notice = (
        f"These runs were made under results version {version}; this code is at version {RESULTS_VERSION}, "
        "and the same configuration may give other numbers."
    )
    assert (notice in top) == (version < RESULTS_VERSION), AGAIN.format(folder)


@pytest.mark.parametrize("page", ["index.html", "report.md"])
def test_a_report_shows_its_remarks(folder: Path, page: str) -> None:
    text = (folder / page).read_text(encoding="utf-8")
    assert all(remark in text for remark in provenance(folder).get("remarks", []))


def test_reports_of_a_busy_machine_say_that_their_speeds_are_rough() -> None:
    rough = {
        folder.name for folder in PUBLISHED if "speeds are rough" in " ".join(provenance(folder).get("remarks", []))
    }
    assert rough == {"length", "learning_rate", "multi30k"}


def test_no_published_file_is_empty(folder: Path) -> None:
    assert [path for path in folder.rglob("*.csv") if len(path.read_bytes().splitlines()) < 2] == []
