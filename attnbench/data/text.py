"""Text files: UTF-8, plain or .gz, one sentence a line."""

import gzip
import zlib
from pathlib import Path

from attnbench.data.corpus import Pairs


class DamagedFileError(ValueError):
    """A text file that is not a whole gzip file, is empty, or is not UTF-8."""


def unreadable(path: Path, error: OSError) -> ValueError:
    """The error for a file that cannot be read."""
    return ValueError(f"Cannot read {path}: {error.strerror}. Give a readable text file.")


def read_text(path: Path) -> bytes:
    """The uncompressed content of `path`.

    Raises:
        ValueError: there is no such file, or it is not a whole gzip file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    return uncompressed(content, path)


def uncompressed(content: bytes, path: Path) -> bytes:
    """The text of a file named `path`: `content` itself, or what it holds where the name ends in .gz.

    Raises:
        DamagedFileError: `content` is not a whole gzip file.
    """
    if path.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedFileError(f"{path} is not a whole gzip file: {error}. Copy or download it again.") from error


def decode_lines(content: bytes, path: Path) -> list[str]:
    """The lines of `content`: split at line feeds alone, a carriage return before one removed, otherwise unchanged.

    Raises:
        DamagedFileError: `content` is empty, or not UTF-8; the message names the line.
    """
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DamagedFileError(
            f"{path} is not UTF-8: line {line} holds the byte 0x{content[error.start]:02x}. "
            "Convert it, for example with iconv -t UTF-8."
        ) from error
    if not lines[-1]:
        lines.pop()
    if not lines:
        raise DamagedFileError(f"{path} is empty. Expected one sentence a line.")
    return [line.removesuffix("\r") for line in lines]


def read_lines(path: Path) -> list[str]:
    """The lines of the file `path`.

    Raises:
        ValueError: as `read_text` and `decode_lines`.
    """
    return decode_lines(read_text(path), path)


def without_empty(pairs: Pairs, source: Path, target: Path) -> Pairs:
    """The pairs that have text on both sides.

    Raises:
        ValueError: there is none.
    """
    rows = [row for row in range(len(pairs)) if pairs.source[row].strip() and pairs.target[row].strip()]
    if not rows:
        raise ValueError(f"No line of {source} and {target} has text on both sides. Expected at least one pair.")
    return pairs if len(rows) == len(pairs) else pairs.take(rows)
