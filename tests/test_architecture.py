"""The layers of the package, read from its source and from what a fresh interpreter loads."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "attnbench"

CONTRACTS = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
# Each row may import the rows below it; `:` joins parts that may import each other, `|` parts that may not.
LAYERS: list[str] = CONTRACTS["contracts"][0]["layers"]
DEPTH = {part: depth for depth, row in enumerate(LAYERS) for part in row.replace(":", " ").replace("|", " ").split()}
KERAS = frozenset({"jax", "keras", "tensorflow"})
KERAS_PARTS = frozenset({"attention", "backend", "decoding", "measurement", "model", "training", "worker"})
LIBRARIES = {"nvml": {"pynvml"}, "records": {"filelock", "platformdirs"}}
"""What the lowest parts import beside the standard library."""
VAGUE_NAMES = frozenset({"base", "common", "helpers", "types", "utils"})


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """The part of the package a file belongs to: `scoring` for attnbench/scoring/bleu.py."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    """Every dotted name a file imports, inside functions too; relative imports are made absolute."""
    found: list[str] = []
    package = ["attnbench", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            prefix = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*prefix, *([node.module] if node.module else [])])
            found += [f"{module}.{name.name}" for name in node.names]
    return tuple(found)


def importers_of(*libraries: str) -> set[str]:
    """The parts of the package that import one of `libraries` anywhere."""
    return {part_of(path) for path in files() for name in imports_of(path) if name.split(".")[0] in libraries}


def inner_imports() -> Iterator[tuple[Path, str]]:
    """(file, part of the package that it imports), for each import of one part by another."""
    for path in files():
        for name in imports_of(path):
            parts = name.split(".")
            if parts[0] == "attnbench" and len(parts) > 1 and parts[1] in DEPTH and parts[1] != part_of(path):
                yield path, parts[1]


def test_every_part_of_the_package_has_its_layer() -> None:
    parts = {part_of(path) for path in files()} - {"__init__"}
    assert parts == set(DEPTH)


def test_contributing_names_every_part() -> None:
    page = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawing = page.partition("Imports go downward only.")[2].partition("## ")[0]
    assert sorted(part for part in set(DEPTH) - {"__main__"} if part not in drawing) == []


def test_imports_go_downward_only() -> None:
    upward = [
        f"{path.relative_to(PACKAGE)} imports {part}" for path, part in inner_imports() if not allowed(path, part)
    ]
    assert upward == []


def allowed(path: Path, part: str) -> bool:
    here = part_of(path)
    return DEPTH[part] > DEPTH[here] or (DEPTH[part] == DEPTH[here] and ":" in LAYERS[DEPTH[here]])


@pytest.mark.parametrize("part", [part for part, depth in DEPTH.items() if depth > DEPTH["backend"]])
def test_the_lowest_parts_need_the_standard_library_only(part: str) -> None:
    names = {name.split(".")[0] for path in files() if part_of(path) == part for name in imports_of(path)}
    assert names <= sys.stdlib_module_names | {"attnbench"} | LIBRARIES.get(part, set())


def test_only_nvml_imports_the_library_of_the_nvidia_driver() -> None:
    assert importers_of("pynvml") == {"nvml"}


def test_only_the_sweep_imports_hydra() -> None:
    assert importers_of("hydra", "omegaconf", "hydra_plugins") == {"sweep"}


def test_only_tracking_imports_mlflow() -> None:
    assert importers_of("mlflow") == {"tracking"}


def test_keras_stays_in_the_parts_that_compute() -> None:
    assert importers_of(*KERAS) <= KERAS_PARTS


def test_tensorflow_and_jax_stay_behind_the_backend_seam() -> None:
    assert importers_of("jax", "tensorflow") <= {"backend"}


@pytest.mark.parametrize("part", ["attention", "model"])
def test_the_model_knows_no_configuration_data_or_store(part: str) -> None:
    known = {target for path, target in inner_imports() if part_of(path) == part}
    assert known <= {"attention", "model", "backend", "mechanisms", "special_tokens", "tensors"}


def test_nothing_below_the_worker_sees_the_whole_configuration() -> None:
    seen = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in files()
        if part_of(path) not in DEPTH or DEPTH[part_of(path)] > DEPTH["worker"]
        if part_of(path) not in ("identity", "records")  # what tells runs apart, or keeps them, has to see all of one
        for name in imports_of(path)
        if name in ("attnbench.config.RunConfig", "attnbench.config.from_mapping", "attnbench.config.to_mapping")
    ]
    assert seen == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [path for path in PACKAGE.rglob("*") if path.name.removesuffix(".py").strip("_") in VAGUE_NAMES]
    assert vague == []


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("attnbench.sweep", "tensorflow keras jax torch"),
        ("attnbench.report", "tensorflow keras jax torch"),
        ("attnbench.data", "tensorflow keras jax torch mlflow hydra"),
        ("attnbench.scoring", "tensorflow keras jax torch mlflow hydra"),
        ("attnbench.worker", "mlflow hydra omegaconf"),
    ],
)
def test_importing_a_part_does_not_load(module: str, absent: str) -> None:
    code = f"import sys, {module}; print(*sorted(set({absent.split()!r}) & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.stdout.strip(), result.returncode) == ("", 0), result.stderr
