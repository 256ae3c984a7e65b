"""Data sets that are read: pairs of text files whose lines translate each other."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attnbench.checks import check_choice
from attnbench.config import DataConfig
from attnbench.data import cache, gold, text
from attnbench.data.corpus import Corpus, Pairs

Paths = dict[str, Path]
"""Where the files are, by role: train_source, train_target, valid_source, ..., and where there are gold alignments
gold_source, gold_target and gold_links, or gold_links_transposed for links that name the target word first."""

_SPLITS = ("train", "valid", "test")


class ParallelText:
    """The loader of a data set of text files.

    Args:
        paths: checks the options and says where each file is, downloading it where it has to.
    """

    def __init__(self, paths: Callable[[DataConfig], Paths]) -> None:
        self._paths = paths

    def check(self, config: DataConfig, *, sequence_length: int | None = None) -> None:
        """Raises ValueError for files that are missing, empty, not UTF-8, or of unequal line count.

        The limit counts pieces, which are not known here.
        """
        paths = self._paths(config)
        for split in _splits(paths):
            source, target = paths[f"{split}_source"], paths[f"{split}_target"]
            lines = [cache.text_facts(path, config).lines for path in (source, target)]
            text.check_line_counts(source, target, *lines)
        links = _links_path(paths)
        if links is not None:
            lines = [cache.text_facts(path, config).lines for path in (paths["gold_source"], links)]
            text.check_line_counts(paths["gold_source"], links, *lines)

    def digests(self, config: DataConfig) -> dict[str, str]:
        """sha256 of each file's uncompressed text, by role."""
        return {role: cache.text_facts(path, config).sha256 for role, path in self._paths(config).items()}

    def identity(self, config: DataConfig) -> str:
        """One digest, of all files."""
        return hashlib.sha256(json.dumps(self.digests(config), sort_keys=True).encode()).hexdigest()

    def read(self, config: DataConfig, *, sequence_length: int) -> Corpus:
        """Reads all files.

        Raises:
            ValueError: as `check`, or a gold link that is malformed or points outside its sentence.
        """
        paths = self._paths(config)
        self.check(config)
        pairs = {split: _read_pairs(paths, split) for split in _splits(paths)}
        filled = {
            split: text.filled(pairs[split], paths[f"{split}_source"], paths[f"{split}_target"]) for split in pairs
        }
        skipped = sum(len(pairs[split]) - len(filled[split]) for split in pairs)
        train, valid, test = (filled[split] for split in _SPLITS)
        return Corpus(train, valid, test, filled.get("gold"), None, skipped)


def local(folder: Path, name: str) -> Path:
    """`folder`/`name`, or the same with .gz added.

    Raises:
        ValueError: neither is there.
    """
    if not folder.is_dir():
        raise ValueError(f"data.root={folder} is no folder. Give the folder that holds {name} or {name}.gz.")
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise ValueError(f"data.root={folder} holds neither {name} nor {name}.gz. Put one of them there.")


def names(config: DataConfig, stems: Mapping[str, str]) -> dict[str, str]:
    """File names by role, `STEM.LANGUAGE`, from the stem of each split."""
    languages = {"source": config.source_language, "target": config.target_language}
    return {f"{split}_{side}": f"{stem}.{languages[side]}" for split, stem in stems.items() for side in languages}


def check_languages(config: DataConfig, known: Sequence[str]) -> None:
    """Raises ValueError unless both languages are `known`."""
    check_choice("data.source_language", config.source_language, known)
    check_choice("data.target_language", config.target_language, known)


def _splits(paths: Paths) -> list[str]:
    return [split for split in (*_SPLITS, "gold") if f"{split}_source" in paths]


def _links_path(paths: Paths) -> Path | None:
    return paths.get("gold_links", paths.get("gold_links_transposed"))


def _read_pairs(paths: Paths, split: str) -> Pairs:
    source, target = (
        text.decode_lines(text.read_text(path), path) for path in (paths[f"{split}_source"], paths[f"{split}_target"])
    )
    path = _links_path(paths)
    if split != "gold" or path is None:
        return Pairs(source, target)
    lines = text.decode_lines(text.read_text(path), path)
    links = gold.read_links(lines, path, transposed="gold_links_transposed" in paths)
    gold.check_links(links, source, target, path)
    return Pairs(source, target, links)
