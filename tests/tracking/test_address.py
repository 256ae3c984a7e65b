"""Addresses of stores, without MLflow."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from attnbench.tracking import absolute, check_uri, public

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:///mlflow.db",
        "sqlite:////srv/mlflow.db",
        "http://127.0.0.1:5000",
        "https://host",
        "postgresql+psycopg://h/d",
    ],
)
def test_databases_and_servers_are_taken(uri: str) -> None:
    check_uri(uri)


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        (
            "./mlruns",
            "tracking.uri must name a database or a server, received './mlruns', which is a folder. "
            "Use sqlite:///mlflow.db.",
        ),
        (
            "file:///srv/mlruns",
            "tracking.uri must name a database or a server, received 'file:///srv/mlruns', which is a folder. "
            "Use sqlite:///mlflow.db.",
        ),
        (
            "sqllite:///mlflow.db",
            "Unknown scheme of tracking.uri 'sqllite:///mlflow.db'. "
            "Known: sqlite, http, https, postgresql, mysql, mssql, databricks. Did you mean 'sqlite'?",
        ),
        ("sqlite:///", "tracking.uri names no file, received 'sqlite:///'. Use sqlite:///mlflow.db."),
        ("sqlite://mlflow.db", "tracking.uri names no file, received 'sqlite://mlflow.db'. Use sqlite:///mlflow.db."),
    ],
)
def test_other_addresses_are_refused(uri: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_uri(uri)


def test_a_sqlite_file_means_the_same_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("sqlite:///mlflow.db") == f"sqlite:///{tmp_path}/mlflow.db"
    assert absolute("sqlite:////srv/mlflow.db") == "sqlite:////srv/mlflow.db"
    assert absolute("http://host:5000") == "http://host:5000"


def test_a_password_is_never_shown() -> None:
    assert public("postgresql://ada:secret@host:5432/runs") == "postgresql://ada:***@host:5432/runs"
    assert public("postgresql://:se/cret@host") == "postgresql://:***@host"
    assert public("tracking.uri=mysql://host/runs?user=ada&password=secret&ssl=1") == (
        "tracking.uri=mysql://host/runs?user=ada&password=***&ssl=1"
    )
    assert public("http://host:5000/@x") == "http://host:5000/@x"


def test_a_refusal_shows_no_password() -> None:
    message = (
        "Unknown scheme of tracking.uri 'postgres://ada:***@host'. Known: sqlite, http, https, postgresql, mysql, "
        "mssql, databricks. Did you mean 'postgresql'?"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_uri("postgres://ada:secret@host")


def test_importing_the_package_loads_no_mlflow() -> None:
    program = "import sys, attnbench.tracking; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT).returncode == 0
