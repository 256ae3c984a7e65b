"""The cache folder: files that can be made again, written whole or not at all, rebuilt where damaged."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
import platformdirs

from attnbench.config import DataConfig
from attnbench.data import text
from attnbench.data.text import TextFacts

_DIGEST_BYTES = hashlib.sha256().digest_size


def folder(config: DataConfig) -> Path:
    """`data.cache_dir`, or the user's cache folder."""
    return Path(config.cache_dir) if config.cache_dir is not None else Path(platformdirs.user_cache_dir("attnbench"))


def write(path: Path, content: bytes) -> None:
    """Writes a file so that a reader or a second writer sees it whole or not at all.

    Raises:
        ValueError: the cache folder is full or cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink()
            raise
    except OSError as error:
        raise ValueError(
            f"Cannot write {path.name} into the cache folder {path.parent}: {error.strerror}. "
            "Free space or give it write permission, or name another folder by data.cache_dir."
        ) from error


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes `arrays` as one .npz file, followed by its sha256."""
    stream = BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    content = stream.getvalue()
    write(path, content + hashlib.sha256(content).digest())


def read_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays that `write_arrays` wrote; None where the file is absent or damaged."""
    try:
        written = path.read_bytes()
    except OSError:
        return None
    content, digest = written[:-_DIGEST_BYTES], written[-_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        return None
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def text_facts(path: Path, config: DataConfig) -> TextFacts:
    """Digest and line count of a text file, remembered until its size or its time of change differs.

    Raises:
        ValueError: the file is missing, empty or not UTF-8.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise ValueError(f"Cannot read {path}: {error.strerror}. Give a readable text file.") from error
    stamp = [str(path.absolute()), status.st_size, status.st_mtime_ns]
    remembered = folder(config) / "texts" / f"{hashlib.sha256(json.dumps(stamp).encode()).hexdigest()}.json"
    try:
        return TextFacts(**json.loads(remembered.read_bytes()))
    except (OSError, ValueError, TypeError):
        found = text.facts(text.read_text(path), path)
    write(remembered, json.dumps(vars(found), sort_keys=True).encode())
    return found


def check_digest(path: Path, config: DataConfig, sha256: str) -> None:
    """Raises ValueError unless the text of `path` has the digest `sha256`."""
    received = text_facts(path, config).sha256
    if received != sha256:
        raise ValueError(
            f"{path} is not the expected file: its text has the sha256 {received}, expected {sha256}. "
            "Give another copy, or correct data.options.digests."
        )
