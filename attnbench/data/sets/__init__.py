"""The data sets.

To add one: a module here with a `LOADER`, its name in `LOADERS`, and a YAML in `conf/data/`.
"""

from importlib import import_module
from typing import Any

from attnbench.checks import check_choice
from attnbench.data.generated import Generated
from attnbench.data.parallel import ParallelText

LOADERS = ("grammar", "symbols", "multi30k", "iwslt15", "hansards", "files")
"""The values of `data.loader`: names of modules of this package."""

Loader = Generated[Any] | ParallelText[Any]
"""The text of a data set is generated or read."""


def find_loader(name: str) -> Loader:
    """The loader of that name; raises ValueError where there is none."""
    check_choice("data.loader", name, LOADERS)
    loader: Loader = import_module(f"{__name__}.{name}").LOADER
    return loader
