"""The published results: each figure is one file, no file is empty, and the links of their pages lead somewhere."""

import csv
import gzip
import json
import re
from pathlib import Path

import pytest

REPORTS = Path(__file__).parent.parent / "reports"
FILES = sorted(path for path in REPORTS.rglob("*") if path.is_file())


def test_each_figure_is_one_file() -> None:
    figures = [path for path in FILES if path.parent.name == "figures"]
    assert figures
    assert sorted({path.suffix for path in figures}) == [".svg"]


def holds_something(path: Path) -> bool:
    """Whether a file has more than a header, or than the brackets of an empty list."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    if path.suffix == ".json":
        return bool(json.loads(text))
    if ".csv" in path.suffixes:
        return len(list(csv.reader(text.splitlines()))) > 1
    return bool(text.strip())


def test_no_file_is_empty() -> None:
    assert [str(path) for path in FILES if not holds_something(path)] == []


@pytest.mark.parametrize("page", [REPORTS / "README.md", REPORTS / "speed" / "README.md"], ids=["all", "speed"])
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (page.parent / link).exists()] == []
