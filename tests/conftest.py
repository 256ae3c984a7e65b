"""Fixtures that every part of the tests may ask for."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import numpy.typing as npt
import pytest
from omegaconf import OmegaConf

from attnbench.config import RunConfig, from_mapping

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")
# Tests that a shell runs in the background inherit an ignored Ctrl-C; some send one.
signal.signal(signal.SIGINT, signal.default_int_handler)

TESTS = Path(__file__).parent
CHECKOUT = TESTS.parent

SLOW = (
    # They start processes of Python.
    "experiments/benchmarks/test_opennmt.py",
    "experiments/benchmarks/test_peers_turns.py",
    "launch/test_run.py",
    "measurement/test_quiet.py",
    "records/test_locks.py",
    "sweep/test_command.py",
    "sweep/test_command_store.py",
    "sweep/test_finished.py",
    "sweep/test_work.py",
    "test_architecture.py",
    "test_packaging.py",
    "worker",
    # They compile.
    "backend/test_fused.py",
    "decoding",
    "experiments/benchmarks/test_peers.py",
    "measurement/test_memory.py",
    "model",
    "training/test_step.py",
    "training/test_trainer.py",
    # They read whole corpora, compose many configurations, fill stores of MLflow or write whole reports.
    "data/test_real_corpora.py",
    "report/test_command.py",
    "report/test_report.py",
    "sweep/test_compose.py",
    "sweep/test_damage.py",
    "sweep/test_experiments.py",
    "tracking",
)
"""Files and folders of the tests that `make test-fast` leaves out; `slow` marks a single test of another file."""


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Marks the tests in `SLOW`."""
    for item in items:
        path = item.path.relative_to(TESTS)
        if any(path.is_relative_to(slow) for slow in SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _fast_tests_neither_start_processes_nor_compile(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if request.node.get_closest_marker("slow"):
        return
    start = subprocess.Popen.__init__

    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("This test starts a process or compiles: add it to SLOW in tests/conftest.py, or mark it slow.")

    def only_git(process: Any, arguments: Any, *others: Any, **options: Any) -> None:
        """A plan asks git for the commit."""
        (start if arguments[0] == "git" else refuse)(process, arguments, *others, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", only_git)
    monkeypatch.setattr(BaseProcess, "start", refuse)
    if tensorflow := sys.modules.get("tensorflow"):
        monkeypatch.setattr(type(tensorflow.function(lambda: None)), "__call__", refuse)


@pytest.fixture(autouse=True)
def _signals_get_their_handlers_back() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real corpora that ATTNBENCH_CORPORA names."""
    folder = os.environ.get("ATTNBENCH_CORPORA")
    if not folder:
        pytest.skip("needs real corpora: set ATTNBENCH_CORPORA to a folder that holds multi30k/ and hansards/")
    return Path(folder)


@pytest.fixture(scope="session")
def compose() -> Callable[..., dict[str, Any]]:
    """Composes conf/ with the given overrides, as a command line does: `compose("attention=dot", "seed=3")`.

    `config_dir` is a further folder of groups, as `--config-dir` names it.
    """

    def composed(*overrides: str, config_dir: Path | None = None) -> dict[str, Any]:
        own = [f"hydra.searchpath=[file://{config_dir}]"] if config_dir else []
        with hydra.initialize_config_dir(version_base="1.3", config_dir=str(CHECKOUT / "conf")):
            config = hydra.compose("config", overrides=[*overrides, *own])
        values = OmegaConf.to_container(config, resolve=True)
        assert isinstance(values, dict)
        return {str(key): value for key, value in values.items()}

    return composed


@pytest.fixture(scope="session")
def default_config(compose: Callable[..., dict[str, Any]]) -> RunConfig:
    """The checked configuration of the default run."""
    return from_mapping(compose())


@pytest.fixture(scope="session")
def gradients() -> Callable[..., list[npt.NDArray[np.float64] | None]]:
    """Gradients of `loss(*tensors)` for tensors and variables, on the backend that runs; None where there is none."""
    import keras

    def on_tensorflow(loss: Callable[..., Any], arrays: Sequence[Any], variables: Sequence[Any]) -> list[Any]:
        import tensorflow as tf

        tensors, values = [tf.constant(x) for x in arrays], [v.value for v in variables]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            result = loss(*tensors)
        found = tape.gradient(result, tensors + values)
        return [None if x is None else tf.convert_to_tensor(x) for x in found]

    def on_jax(loss: Callable[..., Any], arrays: Sequence[Any], variables: Sequence[Any]) -> list[Any]:
        import jax

        def stateless(tensors: Sequence[Any], values: Sequence[Any]) -> Any:
            with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
                return loss(*tensors)

        tensors = [jax.numpy.asarray(x) for x in arrays]
        of_tensors, of_values = jax.grad(stateless, argnums=(0, 1))(tensors, [v.value for v in variables])
        return of_tensors + of_values

    on_backend = on_jax if keras.backend.backend() == "jax" else on_tensorflow

    def compute(
        loss: Callable[..., Any], arrays: Sequence[Any], variables: Sequence[Any] = ()
    ) -> list[npt.NDArray[np.float64] | None]:
        found = on_backend(loss, arrays, variables)
        return [None if x is None else np.asarray(x).astype(np.float64) for x in found]

    return compute


@pytest.fixture(scope="session")
def migrated_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an MLflow store with all its tables and no run; making them takes over a second."""
    from attnbench.tracking import Store

    file = tmp_path_factory.mktemp("store") / "new" / "mlflow.db"
    with Store(f"sqlite:///{file}", warn=pytest.fail).client() as client:
        assert [experiment.name for experiment in client.search_experiments()] == ["Default"]
    return file


@pytest.fixture
def store_uri(migrated_store: Path, tmp_path: Path) -> str:
    """The address of an MLflow store of the test's own, in its folder."""
    shutil.copy(migrated_store, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"
