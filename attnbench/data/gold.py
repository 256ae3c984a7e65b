"""Gold word alignments: one line a pair, `i-j` for a sure link and `i?j` for a possible one, indices from 0."""

import re
from pathlib import Path

from attnbench.data.corpus import Links

_LINK = re.compile(r"(\d+)([-?])(\d+)")


def read_links(lines: list[str], path: Path, *, transposed: bool) -> list[Links]:
    """The links of each line; with `transposed`, the file names the target word first.

    Raises:
        ValueError: a link has another form.
    """
    links = [_read_line(line, number, path) for number, line in enumerate(lines, start=1)]
    return [link.transposed() for link in links] if transposed else links


def check_links(links: list[Links], source: list[str], target: list[str], path: Path) -> None:
    """Raises ValueError for a link to a word that its sentence does not have."""
    for number, (link, *texts) in enumerate(zip(links, source, target, strict=True), start=1):
        source_words, target_words = (len(text.split()) for text in texts)
        for i, j in sorted(link.possible):
            if i >= source_words or j >= target_words:
                raise ValueError(
                    f"{path}, line {number}: source word {i} is linked to target word {j}, but the pair has "
                    f"{source_words} source and {target_words} target words. Indices count from 0."
                )


def _read_line(line: str, number: int, path: Path) -> Links:
    sure: set[tuple[int, int]] = set()
    possible: set[tuple[int, int]] = set()
    for written in line.split():
        link = _LINK.fullmatch(written)
        if link is None:
            raise ValueError(
                f"{path}, line {number}: {written!r} is not a link. Expected i-j (sure) or i?j (possible)."
            )
        (sure if link[2] == "-" else possible).add((int(link[1]), int(link[3])))
    return Links(frozenset(sure), frozenset(possible))
