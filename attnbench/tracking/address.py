"""Addresses of MLflow stores, checked and normalised without importing MLflow."""

import re
from pathlib import Path

from attnbench.checks import suggestion

_SQLITE = "sqlite:///"
_PORT = r"\d+/"
_SCHEMES = ("sqlite", "http", "https", "postgresql", "mysql", "mssql", "databricks")


def check_uri(uri: str) -> None:
    """Raises ValueError for an address that MLflow cannot log to."""
    scheme, colon, _ = uri.partition(":")
    if not colon or scheme == "file":
        raise ValueError(
            f"tracking.uri must name a database or a server, received {public(uri)!r}, which is a folder. "
            "Use sqlite:///mlflow.db."
        )
    if scheme.partition("+")[0] not in _SCHEMES:
        known = ", ".join(_SCHEMES)
        raise ValueError(
            f"Unknown scheme of tracking.uri {public(uri)!r}. Known: {known}.{suggestion(scheme, _SCHEMES)}"
        )
    if scheme == "sqlite" and (not uri.startswith(_SQLITE) or uri == _SQLITE):
        raise ValueError(f"tracking.uri names no file, received {uri!r}. Use sqlite:///mlflow.db.")


def sqlite_file(uri: str) -> Path | None:
    """The file of a sqlite store, absolute; None for another kind."""
    return Path(uri.removeprefix(_SQLITE)).absolute() if uri.startswith(_SQLITE) else None


def absolute(uri: str) -> str:
    """`uri` with the file of a sqlite store made absolute, so that it means the same from any folder."""
    file = sqlite_file(uri)
    return uri if file is None else f"{_SQLITE}{file}"


def public(uri: str) -> str:
    """`uri`, or a command's argument that holds one, without its password."""
    without_parameter = re.sub(r"([?&]\w*passw\w*=)[^&]*", r"\1***", uri)
    return re.sub(rf"(://[^/@:]*):(?!{_PORT})[^@]*@", r"\1:***@", without_parameter)
