"""The whole report, from run folders to files."""

import csv
import gzip
import os
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from attnbench.metrics import in_order
from attnbench.records import RunFolder
from attnbench.records.plan import PLANS
from attnbench.report.render.drawing import FORMAT
from attnbench.report.sections import SECTIONS
from attnbench.report.sources.saved import read
from attnbench.report.sources.store import read_store
from attnbench.report.write import build, write
from attnbench.tracking import Forwarder, Store


@pytest.fixture(scope="module")
def report(small_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (plan,) = (small_runs / PLANS).iterdir()
    return build(small_runs, plan, tmp_path_factory.mktemp("report") / "small").parent


@pytest.fixture(scope="module")
def page(report: Path) -> str:
    return (report / "index.html").read_text(encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Tags(HTMLParser):
    """Collects every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_same_runs_give_the_same_bytes_in_another_process(report: Path, small_runs: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    command = [sys.executable, "-m", "attnbench.report", "--runs", str(small_runs), "--output", str(again)]
    environment = os.environ | {"PYTHONHASHSEED": "13", "PYTHONPATH": str(Path(__file__).parents[2])}
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert result.returncode == 0, result.stderr
    assert result.stdout == (
        f"Wrote the report of small: open {again / 'index.html'} in a browser, or read {again / 'report.md'}.\n"
    )
    assert contents(again) == contents(report)


def test_a_report_from_the_csv_of_a_report_is_that_report(report: Path, tmp_path: Path) -> None:
    again = write(read(report / "runs.csv"), tmp_path / "again").parent
    assert contents(again) == contents(report)


def test_a_report_from_mlflow_is_the_report_from_run_folders(
    report: Path, write_study: Callable[[Path], Path], store_uri: str, tmp_path: Path
) -> None:
    write_study(tmp_path / "runs")
    store = Store(store_uri, warn=pytest.fail)
    for config in (tmp_path / "runs").glob("*/config.json"):
        Forwarder(RunFolder(config.parent), store).forward(finalize=True)
    again = write(read_store(store_uri), tmp_path / "again").parent
    assert contents(again) == contents(report)


def test_the_files_are_those_that_the_readme_names(report: Path) -> None:
    names = set(contents(report))
    assert {"index.html", "report.md", "runs.csv", "sentences.csv.gz", "histories.csv"} <= names
    tables = {Path(name).stem for name in names if name.startswith("tables/")}
    figures = {Path(name).stem for name in names if name.startswith("figures/")}
    assert {
        "comparison",
        "unfinished",
        "differences-within",
        "differences-beyond",
        "differences-further",
        "parts",
        "length",
        "tradeoff",
        "configs",
        "definitions",
    } <= tables
    assert {"quality", "differences", "length", "tradeoff", "curves", "map-5"} <= figures
    assert {f"tables/{name}.{kind}" for name in tables for kind in ("csv", "tex")} <= names
    assert {f"figures/{name}.{FORMAT}" for name in figures} <= names


def test_the_page_fetches_nothing(page: str) -> None:
    assert "http" not in page
    assert "url(" not in page.replace("url(#", "")
    loading = [
        (tag, value)
        for tag, attributes in Tags(page).found
        for name, value in attributes.items()
        if name in ("src", "srcset", "href", "xlink:href", "data", "poster") and tag not in ("a",)
    ]
    assert all((value or "").startswith(("#", "data:")) for _, value in loading)
    assert not {"script", "link", "iframe", "img", "object", "embed"} & {tag for tag, _ in Tags(page).found}


def test_links_of_the_page_lead_to_its_sections_and_files(page: str, report: Path) -> None:
    tags = Tags(page).found
    names = [attributes["id"] for _, attributes in tags if "id" in attributes]
    links = [attributes["href"] or "" for tag, attributes in tags if tag == "a"]
    assert len(names) == len(set(names))
    assert {link[1:] for link in links if link.startswith("#")} <= set(names)
    assert all((report / link).is_file() for link in links if not link.startswith("#"))


def test_every_section_is_shown_or_named_with_what_it_lacks(page: str) -> None:
    shown = re.findall(r'<section id="([\w-]+)"', page)
    not_shown = re.findall(r"<li><strong>(.*?)</strong>: (.*?)</li>", page[page.index('id="not-shown"') :])
    assert len(shown) - 1 + len(not_shown) == len(SECTIONS)
    assert dict(not_shown) == {
        "Hyperparameters chosen on validation": "nothing was chosen. <code>select=valid/bleu "
        "over=OPTION</code> chooses a value for each variant.",
        "Speed and memory against size": "it needs runs of at least two sequence lengths or two hidden sizes, "
        "or runs of <code>task=profile</code>.",
        "By phenomenon": "it needs runs on data that knows where a sentence shows which phenomenon "
        "(<code>data=grammar</code>).",
    }


def test_figures_say_in_words_what_they_show_and_tables_have_captions(page: str) -> None:
    tags = Tags(page).found
    panels = [attributes for tag, attributes in tags if attributes.get("role") == "img"]
    assert len(panels) == sum(tag == "figure" for tag, _ in tags) == 6
    assert all(len(attributes["aria-label"] or "") > 30 for attributes in panels)
    assert sum(tag == "caption" for tag, _ in tags) == sum(tag == "table" for tag, _ in tags)
    assert sum(tag == "h1" for tag, _ in tags) == 1


def test_a_failed_run_is_shown_with_its_reason_and_counts_nowhere(report: Path, page: str) -> None:
    with (report / "tables" / "unfinished.csv").open(encoding="utf-8") as file:
        (failed,) = csv.DictReader(file)
    assert (failed["attention"], failed["status"], failed["reason"]) == ("general", "FAILED", "out of memory")
    with (report / "tables" / "comparison.csv").open(encoding="utf-8") as file:
        rows = {row["attention"]: row for row in csv.DictReader(file)}
    assert (rows["general"]["seeds"], rows["general"]["unfinished"], rows["general"]["test/bleu"]) == ("0", "1", "")
    assert "1 run of 10 did not finish; no number here contains any part of them." in page


def test_a_variant_called_none_survives_every_table(report: Path) -> None:
    for name in ("comparison", "differences-within", "length", "tradeoff", "configs"):
        assert "none" in (report / "tables" / f"{name}.csv").read_text(encoding="utf-8")
    again = read(report / "runs.csv")
    assert [run.params["attention"] for run in again.runs[:3]] == ["none", "none", "none"]
    assert again.runs[0].params["time_limit_minutes"] == "None"


def test_runs_csv_has_the_columns_that_the_readme_names(report: Path) -> None:
    with (report / "runs.csv").open(encoding="utf-8") as file:
        header = next(csv.reader(file))
    core = "run_id status signature attention hidden_size sequence_length seed data backend precision".split()
    params = [name for name in header if name.startswith("params.")]
    metrics = [name for name in header if "/" in name]
    assert header == [*core, *params, *metrics]
    assert metrics == in_order(metrics)
    assert not any(name.startswith(("params.tracking", "params.runs_dir", "params.data.root")) for name in params)


def test_the_sentences_hold_statistics_and_no_text(report: Path) -> None:
    text = gzip.decompress((report / "sentences.csv.gz").read_bytes()).decode()
    header, *lines = text.splitlines()
    assert header == (
        "run,sentence,source_tokens,correct_1,correct_2,correct_3,correct_4,"
        "total_1,total_2,total_3,total_4,hypothesis_tokens,reference_tokens"
    )
    assert len(lines) == 9 * 160
    assert all(value.isdigit() for line in lines for value in line.split(",")[1:])


def test_tokens_in_attention_maps_are_text_and_nothing_else(page: str, report: Path) -> None:
    assert "b&lt;c" in page
    assert "b<c" not in page
    assert "d$e$" in (report / "figures" / "map-5.svg").read_text(encoding="utf-8")


def test_a_second_report_removes_the_figures_of_the_first_and_no_other_file(
    report: Path, small_runs: Path, tmp_path: Path
) -> None:
    output = tmp_path / "small"
    (output / "figures").mkdir(parents=True)
    (output / "figures" / "mine.png").write_bytes(b"mine")
    (output / "figures" / "curves-7.png").write_bytes(b"stale")
    (output / "report.md").write_text("![](figures/curves-7.png)", encoding="utf-8")
    write(read(report / "runs.csv"), output)
    names = set(contents(output))
    assert names - set(contents(report)) == {"figures/mine.png"}
