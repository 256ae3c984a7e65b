"""Downloads a file of a data set once, and checks the text that it holds.

Pooch would check the digest of the bytes that arrive. The digests here are of the uncompressed text, so that they hold
for every copy of a corpus, however it was compressed.
"""

import hashlib
import http.client
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from attnbench.config import DataConfig
from attnbench.data import cache, text

_TIMEOUT_SECONDS = 30
_CHUNK_BYTES = 1 << 16
_REPORT_BYTES = 1 << 22


def download(url: str, config: DataConfig, *, sha256: str | None) -> Path:
    """Downloads `url` into the cache folder, unless an intact copy is there already, and returns its path.

    Progress goes to standard error. The file appears under its name only when it is complete and correct: its
    uncompressed text has the digest `sha256`; None accepts any text.

    Raises:
        ValueError: the download failed, its text has another digest, or the cache folder cannot be written to.
    """
    path = cache.folder(config) / "downloads" / config.loader / url.rpartition("/")[2]
    if path.is_file():
        with suppress(text.DamagedFileError):
            if sha256 in (None, cache.text_facts(path, config).sha256):
                return path
    content = _receive(url)
    received = hashlib.sha256(text.uncompressed(content, path)).hexdigest()
    if sha256 not in (None, received):
        raise ValueError(
            f"{url} is not the expected file: its text has the sha256 {received}, expected {sha256}. "
            "Try again later, or give the folder of a correct copy with data.root."
        )
    cache.write(path, content)
    return path


def _receive(url: str) -> bytes:
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
        raise _failure(url, f"{len(content)} of {expected} bytes arrived")
    return bytes(content)


def _failure(url: str, reason: str) -> ValueError:
    return ValueError(
        f"Cannot download {url}: {reason}. Try again, or download it by hand and give its folder with data.root."
    )
