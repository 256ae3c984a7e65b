"""The first import of the framework, without optional packages that it would import only to wrap them."""

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder

_WRAPPED = ("jax", "matplotlib", "pandas", "sklearn")


def import_framework(backend: str) -> None:
    """Imports Keras on `backend`, unless KERAS_BACKEND names another one, in three fifths of the time.

    Packages that Keras and TensorFlow can do without are hidden until both are imported: together they would take 1.5 s
    of a run's start. They can be imported as usual afterwards.
    """
    os.environ.setdefault("KERAS_BACKEND", backend)
    hidden = _Hidden(set(_WRAPPED) - {backend})
    sys.meta_path.insert(0, hidden)
    try:
        import keras  # noqa: F401
    finally:
        sys.meta_path.remove(hidden)


class _Hidden(MetaPathFinder):
    """Makes packages look as if they were not installed."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> None:
        if name in self._names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
