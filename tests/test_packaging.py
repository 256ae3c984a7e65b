"""What the wheel and the source archive hold, and that an installed wheel works outside the checkout."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parent.parent
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def built(target: str, folder: Path) -> Path:
    """Builds the wheel or the source archive of the checkout, with the build backend that is installed."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    (archive,) = folder.iterdir()
    return archive


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what pip would put into site-packages."""
    folder = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def files_of(folder: str, *, without: tuple[str, ...] = ()) -> set[str]:
    """The files below a folder of the checkout, as paths relative to it; links are not followed."""
    found = [path for path in (CHECKOUT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path.relative_to(CHECKOUT / folder)) for path in found if path.name not in without}


def run(installed: Path, folder: Path, *command: str) -> str:
    """Runs python with the installed package in `folder`; returns what it printed."""
    environment = os.environ | {"PYTHONPATH": str(installed), "COLUMNS": "200"}
    result = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_wheel_holds_package_configurations_and_studies_once_and_no_benchmark(wheel: Path) -> None:
    names = [name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("attnbench/")]
    expected = {f"attnbench/{name}" for name in files_of("attnbench")}
    expected |= {f"attnbench/conf/{name}" for name in files_of("conf") if not name.startswith("experiments")}
    expected |= {f"attnbench/conf/experiments/{path.name}" for path in (CHECKOUT / "experiments").glob("*.yaml")}
    assert sorted(names) == sorted(expected)


def test_the_source_archive_holds_what_its_tests_need(tmp_path: Path) -> None:
    with tarfile.open(built("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    folders = ("attnbench", "conf", "experiments", "reports", "tests")
    needed = {f"{folder}/{name}" for folder in folders for name in files_of(folder)}
    needed |= {"CITATION.cff", "LICENSE", "Makefile", "README.md", "constraints.txt"}
    assert sorted(needed - names) == []


def test_an_installed_wheel_plans_the_main_job_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    printed = run(installed, tmp_path, "-m", "attnbench", "-m", "attention=bahdanau,dot,general", "dry_run=true")
    assert all(name in printed for name in ("bahdanau", "dot", "general"))


def test_an_installed_wheel_finds_the_studies(installed: Path, tmp_path: Path) -> None:
    printed = run(installed, tmp_path, "-m", "attnbench", "+experiments=smoke", "--cfg", "job")
    assert "study: smoke" in printed


def test_the_console_script_plans_as_the_module_does(installed: Path, tmp_path: Path) -> None:
    (line,) = re.findall(
        r"^attnbench = (.+)$", (next(installed.glob("*.dist-info")) / "entry_points.txt").read_text(), re.M
    )
    module, _, function = line.partition(":")
    script = f"import sys; from {module} import {function}; sys.exit({function}())"
    arguments = ("attention=dot", "dry_run=true")
    assert run(installed, tmp_path, "-c", script, *arguments) == run(installed, tmp_path, "-m", "attnbench", *arguments)


def test_every_dependency_has_one_tested_version_within_its_range() -> None:
    lines = (CHECKOUT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    extras = PROJECT["optional-dependencies"]
    for text in [*PROJECT["dependencies"], *extras["jax"], *extras["parallel"], *extras["dev"]]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), text
    assert [pin for pin in pins.values() if "+" in pin] == [], "a local build is no published version"
