"""Text files: UTF-8, plain or .gz, one sentence a line, or the gold links of a pair.

Each function raises ValueError for a file that it cannot read, DamagedFileError where another copy may be intact.
"""

import gzip
import re
import zlib
from pathlib import Path

from attnbench.data.corpus import Links

_LINK = re.compile(r"(\d+)([-?])(\d+)")


class DamagedFileError(ValueError):
    """A text file that is not a complete gzip file, is empty, or is not UTF-8."""


def unreadable(path: Path, error: OSError) -> ValueError:
    """The error for a file that cannot be read."""
    return ValueError(f"Cannot read {path}: {error.strerror}. Give a readable text file.")


def read_text(path: Path) -> bytes:
    """The uncompressed content of `path`."""
    try:
        return uncompressed(path.read_bytes(), path)
    except OSError as error:
        raise unreadable(path, error) from error


def uncompressed(content: bytes, path: Path) -> bytes:
    """The text of a file named `path`: `content` itself, or what it holds where the name ends in .gz."""
    if path.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedFileError(f"{path} is not a complete gzip file: {error}. Copy or download it again.") from error


def decode_lines(content: bytes, path: Path) -> list[str]:
    """The lines of `content`: split at line feeds alone, a carriage return before one removed, otherwise unchanged."""
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
    """The lines of the file `path`."""
    return decode_lines(read_text(path), path)


def read_links(path: Path, source: list[str], target: list[str], *, transposed: bool) -> list[Links]:
    """Gold word alignments of the pairs: one line each, `i-j` for a sure link, `i?j` for a possible one, from 0.

    With `transposed`, the file names the target word first.
    """
    links = []
    for number, (line, *texts) in enumerate(zip(read_lines(path), source, target, strict=True), start=1):
        source_words, target_words = (len(text.split()) for text in texts)
        by_kind: dict[str, set[tuple[int, int]]] = {"-": set(), "?": set()}
        for written in line.split():
            link = _LINK.fullmatch(written)
            if link is None:
                raise ValueError(
                    f"{path}, line {number}: {written!r} is not a link. Expected i-j (sure) or i?j (possible)."
                )
            i, j = (int(link[3]), int(link[1])) if transposed else (int(link[1]), int(link[3]))
            if i >= source_words or j >= target_words:
                raise ValueError(
                    f"{path}, line {number}: source word {i} is linked to target word {j}, but the pair has "
                    f"{source_words} source and {target_words} target words. Indices count from 0."
                )
            by_kind[link[2]].add((i, j))
        links.append(Links(sure=frozenset(by_kind["-"]), possible=frozenset(by_kind["?"])))
    return links
