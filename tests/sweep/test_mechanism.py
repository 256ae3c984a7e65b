"""A user's mechanism is found and hashed as source."""

import re
import sys
from pathlib import Path

import pytest

from attnbench.sweep.mechanism import source_digest

MECHANISM = "from helper import scale\n\nraise RuntimeError('imported')\n\n\nclass MyAttention:\n    pass\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a mechanism that must not be imported, and a module that it imports."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MECHANISM)
    (tmp_path / "helper.py").write_text("scale = 2\n")
    (tmp_path / "unrelated.py").write_text("scale = 3\n")
    return tmp_path


def test_the_digest_follows_the_module_and_what_it_imports_and_nothing_else(here: Path) -> None:
    before = source_digest("mine.MyAttention")
    (here / "unrelated.py").write_text("scale = 5\n")
    assert source_digest("mine.MyAttention") == before
    (here / "helper.py").write_text("scale = 7\n")
    changed = source_digest("mine.MyAttention")
    assert changed != before
    (here / "mine.py").write_text(MECHANISM.replace("pass", "units = 3"))
    assert source_digest("mine.MyAttention") not in (before, changed)


def test_a_mechanism_inside_a_package_is_found_without_importing_the_package(here: Path) -> None:
    package = here / "ours"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (package / "attention.py").write_text("from .near import x\nfrom ours.far import y\n\nMine = object\n")
    (package / "near.py").write_text("x = 1\n")
    (package / "far.py").write_text("y = 1\n")
    digests = {source_digest("ours.attention.Mine")}
    for name in ("near.py", "far.py"):
        (package / name).write_text("x = y = 2\n")
        digests.add(source_digest("ours.attention.Mine"))
    assert len(digests) == 3
    assert "ours" not in sys.modules


@pytest.mark.parametrize("target", ["nowhere.MyAttention", "MyAttention", "mine.inner.MyAttention"])
def test_a_module_that_is_not_there_is_named(here: Path, target: str) -> None:
    message = (
        f"No module for attention.target '{target}'. Expected MODULE.CLASS, where MODULE can be imported from {here} "
        "or is installed."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        source_digest(target)


def test_a_misspelt_class_is_told_with_the_nearest(here: Path) -> None:
    message = "attention.target 'mine.MyAtention': mine.py defines no 'MyAtention'. Did you mean 'MyAttention'?"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        source_digest("mine.MyAtention")
