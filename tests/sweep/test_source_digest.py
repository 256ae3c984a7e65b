"""A user's mechanism is found and hashed as source."""

import re
import sys
from pathlib import Path

import pytest

from attnbench.sweep.source_digest import source_digest

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


def test_a_misspelt_class_is_named_with_the_nearest(here: Path) -> None:
    message = "attention.target 'mine.MyAtention': mine.py defines no 'MyAtention'. Did you mean 'MyAttention'?"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        source_digest("mine.MyAtention")


@pytest.mark.parametrize(
    "definition",
    [
        "from helper import *",
        "if True:\n    class Mine:\n        pass",
        "try:\n    from helper import Mine\nexcept ImportError:\n    Mine = None",
        "Mine, scale = object, 2",
        "Mine: type = object",
    ],
)
def test_a_name_is_known_however_the_module_comes_by_it(here: Path, definition: str) -> None:
    (here / "mine.py").write_text(f"{definition}\n")
    assert len(source_digest("mine.Mine")) == 64


def test_a_name_inside_a_class_or_a_function_is_not_the_modules(here: Path) -> None:
    (here / "mine.py").write_text("class Outer:\n    Mine = object\n\n\ndef make():\n    Mine = object\n")
    message = "attention.target 'mine.Mine': mine.py defines no 'Mine'."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        source_digest("mine.Mine")


@pytest.mark.parametrize("name", ["mine.py", "helper.py"])
def test_a_file_that_is_not_python_is_named_with_its_line(here: Path, name: str) -> None:
    (here / name).write_text("scale = 2\nclass MyAttention\n    pass\n")
    message = f"{here / name}, line 2 is not valid Python (expected ':'). Fix it: attention.target needs it."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        source_digest("mine.MyAttention")
