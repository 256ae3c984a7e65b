"""Addresses of MLflow stores, checked and normalised without importing MLflow."""

import re
from pathlib import Path
from urllib.parse import unquote_plus

from attnbench.checks import suggestion

_SQLITE = "sqlite:///"
_SERVERS = ("postgresql", "mysql", "mssql")
_SCHEMES = ("sqlite", "http", "https", *_SERVERS, "databricks")
_UNSUITABLE = "?%"
"""What MLflow reads otherwise in the path of a sqlite file: what follows as options, and the code of a letter."""

_ADDRESS = re.compile(r"([\w+.-]+):(//.*|.*@.*)", re.DOTALL)
_FILE = re.compile(r"//((?!://)[^?])*", re.DOTALL)
# Known parts of an address: user and password, host with port and path, options; a quote may end it.
_PARTS = re.compile(
    r"//(?:(?P<user>[\w.%+-]*)(?P<password>:[^?]*)?@)?"
    r"(?P<host>(?:[\w.-]+|\[[\da-fA-F:]+\])?(?::\d+)?(?:/[\w./~+-]*)?)"
    r"(?P<options>\?[^@'\"]*)?(?P<end>['\"]?)",
    re.DOTALL,
)
_HARMLESS_OPTION = r"(?:charset|driver|ssl|sslmode)=[\w.+-]*"
_HARMLESS_OPTIONS = re.compile(rf"\?{_HARMLESS_OPTION}(?:&{_HARMLESS_OPTION})*")


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
        raise ValueError(f"tracking.uri names no file, received {public(uri)!r}. Use sqlite:///mlflow.db.")
    if unsuitable := sorted(set(_UNSUITABLE) & set(str(sqlite_file(uri) or ""))):
        raise ValueError(
            f"tracking.uri={public(uri)} means a file with {' and '.join(unsuitable)} in its path, which MLflow cannot "
            "open. Work in another folder, or use tracking.uri=sqlite:////FOLDER/mlflow.db."
        )


def sqlite_file(uri: str) -> Path | None:
    """The file of a sqlite store, absolute; None for another kind."""
    return Path(uri.removeprefix(_SQLITE)).absolute() if uri.startswith(_SQLITE) else None


def is_database_server(uri: str) -> bool:
    """Whether a database server, to which MLflow connects by itself, keeps the store."""
    return uri.startswith(_SERVERS)


def absolute(uri: str) -> str:
    """`uri` with the file of a sqlite store made absolute, so that it means the same from any folder."""
    file = sqlite_file(uri)
    return uri if file is None else f"{_SQLITE}{file}"


def public(uri: str) -> str:
    """`uri`, or a command's argument that holds one, without its password; what may be one is hidden whole."""
    return _ADDRESS.sub(_public, uri, count=1)


def _public(address: re.Match[str]) -> str:
    scheme, rest = address.groups()
    if scheme == "sqlite" and _FILE.fullmatch(rest):
        return address[0]
    parts = _PARTS.fullmatch(rest)
    if parts is None or scheme == "databricks":
        return f"{scheme}:{'//' if rest.startswith('//') else ''}***"
    user, password, host, options, end = (part or "" for part in parts.groups())
    if password:
        user = f"{user}:***@"
    elif user:  # that of a web server may be a token
        user = f"{user}@" if is_database_server(scheme) else "***@"
    if options and not _HARMLESS_OPTIONS.fullmatch(options):
        options = "?***"
    return f"{scheme}://{user}{host}{options}{end}"


def without_secrets(text: str, uri: str) -> str:
    """`text`, such as a driver's message, without the words of `uri` that `public` hides."""
    words = re.compile(r"\w+")
    hidden = {*words.findall(uri), *words.findall(unquote_plus(uri))} - set(words.findall(public(uri)))
    return words.sub(lambda word: "***" if word[0] in hidden else word[0], text)
