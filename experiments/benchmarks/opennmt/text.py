"""The training text of attnbench as files that OpenNMT-py reads: the same pieces, separated by spaces."""

from collections.abc import Iterable
from pathlib import Path

from attnbench.data import Dataset
from attnbench.special_tokens import SPECIAL_TOKENS


def write(dataset: Dataset, folder: Path) -> None:
    """Writes `train.SIDE`, one sentence a line, and `vocabulary.SIDE`, one piece a line, for source and target.

    The special tokens are left out: OpenNMT-py adds as many of its own.
    """
    for side in ("source", "target"):
        vocabulary = getattr(dataset, f"{side}_vocabulary")
        sentences = getattr(dataset.train, side)
        pieces = vocabulary.pieces(range(len(SPECIAL_TOKENS), vocabulary.size))
        text = (" ".join(vocabulary.pieces(sentences[row])) for row in range(len(sentences)))
        _write_lines(folder / f"vocabulary.{side}", pieces)
        _write_lines(folder / f"train.{side}", text)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
