"""The cache folder: files that can be made again, written whole or not at all, rebuilt where damaged."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import platformdirs

from attnbench.config import DataConfig
from attnbench.data import text
from attnbench.records import write_atomically

_DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True)
class TextFacts:
    """sha256 of a file's text (uncompressed), and how many lines it has."""

    sha256: str
    lines: int


def folder(config: DataConfig) -> Path:
    """`data.cache_dir`, or the user's cache folder."""
    return Path(config.cache_dir) if config.cache_dir is not None else Path(platformdirs.user_cache_dir("attnbench"))


def digest(facts: object) -> str:
    """sha256 of `facts`, plain values, as JSON."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def write(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all, for readers and other writers alike; raises ValueError where it cannot."""
    try:
        write_atomically(path, content)
    except OSError as error:
        raise ValueError(
            f"Cannot write {path.name} into the cache folder {path.parent}: {error.strerror}. "
            "Free space or give it write permission, or name another folder with data.cache_dir."
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
        signed = path.read_bytes()
    except OSError:
        return None
    content, signature = signed[:-_DIGEST_BYTES], signed[-_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != signature:
        return None
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def text_facts(path: Path, config: DataConfig) -> TextFacts:
    """Digest and line count of a text file, cached until its inode changes in any way; raises as `text`.

    The time of its last change counts, since `cp -p`, `rsync -t` and `touch -r` set the time of modification.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise text.unreadable(path, error) from error
    stamp = [str(path.absolute()), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    cached = folder(config) / "texts" / f"{digest(stamp)}.json"
    try:
        return TextFacts(**json.loads(cached.read_bytes()))
    except (OSError, ValueError, TypeError):
        content = text.read_text(path)
        facts = TextFacts(hashlib.sha256(content).hexdigest(), len(text.decode_lines(content, path)))
    write(cached, json.dumps(vars(facts), sort_keys=True).encode())
    return facts
