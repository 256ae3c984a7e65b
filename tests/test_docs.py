"""What the pages of docs/ name is there."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
PAGES = sorted((CHECKOUT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_name_of_a_page_exists(page: Path) -> None:
    """A page names a file as `sweep/work.py`, and after a dot what to read in it: `sweep/work.py` · `Work.do()`."""
    named = re.findall(r"`([\w/]+\.py)`(?:\s·\s`([\w.]+)(?:\(\))?`)?", page.read_text(encoding="utf-8"))
    assert named
    for file, name in named:
        source = (CHECKOUT / "attnbench" / file).read_text(encoding="utf-8")
        for part in filter(None, name.split(".")):
            assert re.search(rf"^\s*(def|class) {part}\b|^{part}\b", source, flags=re.MULTILINE), f"{file}: {part}"
