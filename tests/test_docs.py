"""What the pages of docs/ name is there."""

import re
import runpy
from pathlib import Path

import pytest

from attnbench.config import RunConfig, parameters

CHECKOUT = Path(__file__).parent.parent
PAGES = [CHECKOUT / "docs" / "life-of-a-run.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_name_of_a_page_exists(page: Path) -> None:
    """A page names a file as `sweep/work.py`, and after a dot what to read in it: `sweep/work.py` · `Work.do()`."""
    named = re.findall(r"`([\w/]+\.py)`(?:\s·\s`([\w.]+)(?:\(\))?`)?", page.read_text(encoding="utf-8"))
    assert named
    for file, name in named:
        source = (CHECKOUT / "attnbench" / file).read_text(encoding="utf-8")
        for part in filter(None, name.split(".")):
            assert re.search(rf"^\s*(def|class) {part}\b|^{part}\b", source, flags=re.MULTILINE), f"{file}: {part}"


def test_the_reference_is_what_its_command_writes() -> None:
    module = runpy.run_path(str(CHECKOUT / "docs" / "reference.py"))
    page = (CHECKOUT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert page == module["reference"](), "docs/reference.md is out of date: make reference"


def test_the_reference_has_every_option(default_config: RunConfig) -> None:
    page = (CHECKOUT / "docs" / "reference.md").read_text(encoding="utf-8")
    elsewhere = ("attention", "data", "data.loader")  # names of presets and loaders: tables of their own
    options = set(parameters(default_config)) - set(elsewhere)
    options = {key for key in options if not key.startswith("data.options.")}
    assert sorted(key for key in options if f"| `{key}` |" not in page) == []
