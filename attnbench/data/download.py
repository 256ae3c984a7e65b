"""Fetching a file of a data set by its address, once, and checking what came."""

import hashlib
import http.client
import sys
import urllib.error
import urllib.request
from pathlib import Path

from attnbench.config import DataConfig
from attnbench.data import cache, text

_TIMEOUT_SECONDS = 30
_CHUNK_BYTES = 1 << 16
_REPORT_BYTES = 1 << 22


def fetch(url: str, config: DataConfig, *, sha256: str | None) -> Path:
    """Downloads `url` into the cache folder, unless a right copy is there already, and returns where it is.

    Progress goes to standard error. The file appears under its name only when it is complete and right.

    Args:
        url: the file's address.
        config: names the cache folder.
        sha256: digest of the text, uncompressed, so that it also fits a file that was compressed anew; None where
            nobody has checked one.

    Raises:
        ValueError: the download failed, what came has another digest, or the cache folder cannot be written to.
    """
    path = cache.folder(config) / "downloads" / config.loader / url.rpartition("/")[2]
    if path.is_file() and _is_right(path, config, sha256):
        return path
    content = _download(url)
    received = hashlib.sha256(text.uncompressed(content, path)).hexdigest()
    if sha256 not in (None, received):
        raise ValueError(
            f"{url} is not the expected file: its text has the sha256 {received}, expected {sha256}. "
            "Try again later, or give the folder of a right copy by data.root."
        )
    cache.write(path, content)
    return path


def _is_right(path: Path, config: DataConfig, sha256: str | None) -> bool:
    """Whether the kept file is whole and has the digest; one that was damaged is fetched again."""
    try:
        kept = cache.text_facts(path, config)
    except text.DamagedFileError:
        return False
    return sha256 in (None, kept.sha256)


def _download(url: str) -> bytes:
    print(f"Downloading {url}", file=sys.stderr, flush=True)
    content = bytearray()
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:
            expected = response.headers.get("Content-Length")
            while chunk := response.read(_CHUNK_BYTES):
                reported = len(content) // _REPORT_BYTES
                content += chunk
                if len(content) // _REPORT_BYTES > reported:
                    print(f"  {len(content) / 1e6:.0f} MB", file=sys.stderr, flush=True)
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise _failure(url, str(getattr(error, "reason", error))) from error
    if expected is not None and len(content) != int(expected):
        raise _failure(url, f"{len(content)} of {expected} bytes came")
    return bytes(content)


def _failure(url: str, reason: str) -> ValueError:
    return ValueError(
        f"Cannot download {url}: {reason}. Try again, or download it by hand and give its folder by data.root."
    )
