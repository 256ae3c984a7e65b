"""What TensorFlow's and JAX's side of the backend have in common."""

import inspect
import re
import subprocess
import sys
from importlib import import_module
from types import ModuleType

import pytest

from attnbench import backend


@pytest.fixture(params=["tensorflow", "jax"])
def framework(request: pytest.FixtureRequest) -> ModuleType:
    pytest.importorskip(request.param)
    return import_module(f"attnbench.backend.{request.param}")


def test_a_framework_has_the_backends_names_and_no_others(framework: ModuleType) -> None:
    own = {
        name
        for name, value in vars(framework).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == framework.__name__
    }
    assert own <= set(backend.__all__) <= set(vars(framework))


@pytest.mark.parametrize("name", [name for name in backend.__all__ if callable(getattr(backend, name))])
def test_both_frameworks_give_a_name_the_same_signature(name: str) -> None:
    pytest.importorskip("tensorflow")
    pytest.importorskip("jax")
    one, other = (getattr(import_module(f"attnbench.backend.{each}"), name) for each in ("tensorflow", "jax"))
    assert inspect.signature(one) == inspect.signature(other)


@pytest.mark.slow
@pytest.mark.slow
def test_another_framework_is_refused() -> None:
    environment = {"KERAS_BACKEND": "numpy", "PYTHONPATH": ":".join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-c", "import attnbench.backend"], env=environment, capture_output=True, text=True, check=False
    )
    message = "ValueError: Unknown backend 'numpy'. Known: tensorflow, jax. Set KERAS_BACKEND to one of them."
    assert re.search(f"^{re.escape(message)}$", result.stderr, re.MULTILINE)
    assert result.returncode == 1
