"""What a run's process imports."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from attnbench.launch import environment
from attnbench.records import RunFolder
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


_SETTINGS = """
import json, sys
from pathlib import Path
from attnbench.records import RunFolder
from attnbench.worker.framework import import_framework
config = RunFolder(Path(sys.argv[1])).config.required()
import_framework(config.backend)
import keras
from attnbench.worker.build import build_model, set_up
found = keras.config.floatx()
set_up(config)
settings = [getattr(keras.config, name)() for name in ("backend", "floatx", "epsilon", "image_data_format")]
settings += [keras.config.is_nnx_enabled(), keras.config.dtype_policy().name]
model = build_model(config, source_vocabulary=9, target_vocabulary=11)
print(json.dumps([found, *settings, *sorted({variable.dtype for variable in model.trainable_variables})]))
"""


def test_a_run_does_not_depend_on_the_users_own_settings_of_keras(
    prepare: Callable[..., RunFolder], tmp_path: Path
) -> None:
    theirs = {"floatx": "float16", "epsilon": 0.5, "image_data_format": "channels_first"}
    (tmp_path / "keras.json").write_text(json.dumps(theirs | {"backend": "jax", "nnx_enabled": True}))
    folder = prepare(tmp_path / "run", "attention=bahdanau")
    variables = os.environ | environment(folder.config.required(), None) | {"KERAS_HOME": str(tmp_path)}
    command = [sys.executable, "-c", _SETTINGS, str(folder.path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=variables)
    defaults = ["tensorflow", "float32", 1e-7, "channels_last", False, "float32"]
    assert json.loads(said.stdout) == ["float16", *defaults, "float32"]


def test_importing_the_framework_leaves_nothing_hidden() -> None:
    import_framework("tensorflow")
    assert [finder for finder in sys.meta_path if type(finder).__module__ == import_framework.__module__] == []
