"""Addresses of stores, without MLflow."""

import re
import string
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis.strategies import text

from attnbench.tracking import absolute, check_uri, public
from attnbench.tracking.address import without_secrets

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


@pytest.mark.parametrize("folder", ["a?b", "a%20b", "a%2Fb"])
def test_a_working_folder_that_mlflow_reads_otherwise_is_refused(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / folder)
    message = (
        f"tracking.uri=sqlite:///mlflow.db means a file with {folder[1]} in its path, which MLflow cannot open. "
        "Work in another folder, or use tracking.uri=sqlite:////FOLDER/mlflow.db."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_uri("sqlite:///mlflow.db")
    check_uri("sqlite:////srv/a#b/mlflow.db")


def test_a_sqlite_file_means_the_same_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("sqlite:///mlflow.db") == f"sqlite:///{tmp_path}/mlflow.db"
    assert absolute("sqlite:////srv/mlflow.db") == "sqlite:////srv/mlflow.db"
    assert absolute("http://host:5000") == "http://host:5000"


def test_a_password_is_never_shown() -> None:
    assert public("postgresql://ada:secret@host:5432/runs") == "postgresql://ada:***@host:5432/runs"
    assert public("postgresql://:se/cret@host") == "postgresql://:***@host"
    assert public("tracking.uri=mysql://host/runs?user=ada&password=secret&ssl=1") == (
        "tracking.uri=mysql://host/runs?***"
    )
    assert public("https://token@host/x") == "https://***@host/x"
    assert public("databricks://token") == "databricks://***"


@pytest.mark.parametrize(
    "shown",
    [
        "sqlite:////home/ada@lab/my runs/mlflow.db",
        "http://host:5000/x",
        "postgresql+psycopg://ada@[::1]:5432/runs?sslmode=require&charset=utf8",
        "mssql+pyodbc://host/runs?driver=ODBC+Driver+17",
        "runs_dir=/srv/runs",
        "tracking.uri='http://host'",
    ],
)
def test_what_holds_no_secret_is_shown_whole(shown: str) -> None:
    assert public(shown) == shown


SECRET = "Xyzzy"
FORMS = (
    "postgresql://ada:{}@host/runs",
    "http://ada:{}@host:5000",
    "http://ada:word@{}@host",
    "ada:{}@host",
    "tracking.uri='mysql://ada:{}@host/runs'",
    "https://{}@host",
    "https://host/?{}",
    "https://host/runs#{}",
    "mysql://host/runs?user=ada&PASSWORD={}",
    "mysql://host/runs?ssl=1;PWD={}",
    "mssql+pyodbc:///?odbc_connect=UID%3Dada%3BPWD%3D{}",
    "databricks://{}",
    "sqlite:///mlflow.db,http://ada:{}@host",
)


@pytest.mark.parametrize("form", FORMS)
@given(before=text(string.punctuation + string.digits), after=text(string.punctuation + string.digits))
def test_a_secret_is_not_shown_whatever_stands_around_it(form: str, before: str, after: str) -> None:
    secret = f"{before}{SECRET}{after}"
    uri = form.format(secret)
    assert SECRET not in public(uri)
    assert SECRET not in without_secrets(f"no host '{secret}@host' of {uri}, which is {unquote_plus(uri)}", uri)


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
