"""Data sets that are read: pairs of text files whose lines translate each other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from attnbench.checks import check_choice
from attnbench.config import DataConfig
from attnbench.data import cache, text
from attnbench.data.corpus import Corpus, Pairs
from attnbench.data.download import download
from attnbench.mapping import build

Options = TypeVar("Options")

Paths = dict[str, Path]
"""The files by role: train_source, train_target, valid_source, ..., and where there are gold alignments gold_source,
gold_target and gold_links, or gold_links_transposed for links that name the target word first."""


@dataclass(frozen=True)
class ParallelText(Generic[Options]):
    """The loader of a data set of text files.

    `find` finds the files, downloading them where necessary, and raises ValueError for wrong options, a missing file, a
    failed download or another digest than expected. `languages` are those of source and target; None allows any.
    """

    options: type[Options]
    find: Callable[[DataConfig, Options], Paths]
    languages: Sequence[str] | None = None
    cacheable: ClassVar = True

    def check(self, config: DataConfig, *, sequence_length: int | None = None) -> None:
        """Raises ValueError for files that are missing, empty, not UTF-8, or of unequal line count.

        The limit counts pieces, which are not known here.
        """
        self._checked_paths(config)

    def digests(self, config: DataConfig) -> dict[str, str]:
        """sha256 of each file's uncompressed text, by role."""
        return {role: cache.text_facts(path, config).sha256 for role, path in self._paths(config).items()}

    def read(self, config: DataConfig, *, sequence_length: int) -> Corpus:
        """Reads all files; raises ValueError as `check`, and where no pair has text or a gold link is wrong."""
        paths = self._checked_paths(config)
        splits = {}
        skipped_pairs = 0
        for split, role in _roles(paths).items():
            pairs = _read_pairs(paths, role)
            rows = [row for row in range(len(pairs)) if pairs.source[row].strip() and pairs.target[row].strip()]
            if not rows:
                raise ValueError(
                    f"No line of {paths[f'{role}_source']} and {paths[f'{role}_target']} has text on both sides. "
                    "Expected at least one pair."
                )
            splits[split] = pairs.take(rows)
            skipped_pairs += len(pairs) - len(rows)
        return Corpus(splits, skipped_pairs=skipped_pairs)

    def _paths(self, config: DataConfig) -> Paths:
        options = build(self.options, config.options, "data.options.")
        if self.languages is not None:
            check_choice("data.source_language", config.source_language, self.languages)
            check_choice("data.target_language", config.target_language, self.languages)
        return self.find(config, options)

    def _checked_paths(self, config: DataConfig) -> Paths:
        paths = self._paths(config)
        parallel = [(paths[f"{role}_source"], paths[f"{role}_target"]) for role in _roles(paths).values()]
        links = _links_path(paths)
        if links is not None:
            parallel.append((paths["gold_source"], links))
        for one, other in parallel:
            lines, others = (cache.text_facts(path, config).lines for path in (one, other))
            if lines != others:
                raise ValueError(
                    f"{one} has {lines} lines and {other} has {others}. "
                    "Line N of one must translate line N of the other: give two files of equal line count."
                )
        return paths


def file_names(config: DataConfig, stems: Mapping[str, str]) -> dict[str, str]:
    """File names by role, `STEM.LANGUAGE`, from the stem of each split."""
    languages = {"source": config.source_language, "target": config.target_language}
    return {f"{split}_{side}": f"{stem}.{languages[side]}" for split, stem in stems.items() for side in languages}


def local(folder: Path, name: str) -> Path:
    """`folder`/`name`, or the same with .gz added; raises ValueError where neither is a file."""
    if not folder.is_dir():
        raise ValueError(f"data.root={folder} is not a folder. Give the folder that holds {name} or {name}.gz.")
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
        if path.exists() or path.is_symlink():
            raise ValueError(f"{path} is {_kind(path)}. Give a text file, plain or .gz.")
    raise ValueError(f"data.root={folder} holds neither {name} nor {name}.gz. Put one of them there.")


def _kind(path: Path) -> str:
    """What `path` is that is not a file."""
    if path.is_dir():
        return "a folder"
    if not path.exists():
        return f"a link to {path.readlink()}, which does not exist"
    return "a pipe" if path.is_fifo() else "a device or socket"


def local_or_downloaded(url: str, config: DataConfig, *, sha256: str | None) -> Path:
    """The file of that name in `data.root`, where one is given; otherwise the download of `url`."""
    if config.root is not None:
        return local(Path(config.root), url.rpartition("/")[2].removesuffix(".gz"))
    return download(url, config, sha256=sha256)


def _roles(paths: Paths) -> dict[str, str]:
    """For each split, how the roles of its files begin."""
    roles = {"train": "train", "valid": "valid", "test": "test", "alignment": "gold"}
    return {split: role for split, role in roles.items() if f"{role}_source" in paths}


def _links_path(paths: Paths) -> Path | None:
    return paths.get("gold_links", paths.get("gold_links_transposed"))


def _read_pairs(paths: Paths, role: str) -> Pairs:
    source, target = text.read_lines(paths[f"{role}_source"]), text.read_lines(paths[f"{role}_target"])
    path = _links_path(paths)
    if role != "gold" or path is None:
        return Pairs(source, target)
    transposed = "gold_links_transposed" in paths
    return Pairs(source, target, text.read_links(path, source, target, transposed=transposed))
