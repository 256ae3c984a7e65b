"""What a run's process imports."""

import json
import subprocess
import sys

from attnbench.worker.framework import import_framework

_PROGRAM = """
import json, sys
from attnbench.worker.framework import import_framework
import_framework("tensorflow")
import attnbench.worker.train, keras
before = [name for name in ("jax", "matplotlib", "mlflow", "pandas", "scipy.stats", "sklearn") if name in sys.modules]
import pandas
print(json.dumps([keras.backend.backend(), before, pandas.__name__]))
"""


def test_a_run_imports_no_package_that_keras_only_wraps_and_can_import_it_later() -> None:
    said = subprocess.run([sys.executable, "-c", _PROGRAM], check=True, capture_output=True, text=True)
    assert json.loads(said.stdout) == ["tensorflow", [], "pandas"]


def test_importing_the_framework_leaves_the_import_system_as_it_was() -> None:
    before = list(sys.meta_path)
    import_framework("tensorflow")
    assert sys.meta_path == before
