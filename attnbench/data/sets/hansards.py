"""The Canadian Hansards, English and French, tokenised, with gold word alignments (Och and Ney 2000): plain files.

The corpus (HLT-NAACL 2003 shared task, ISI release 2001-1a) is distributed only by its owners, so nothing is
downloaded.
"""

from dataclasses import dataclass
from pathlib import Path

from attnbench.config import DataConfig
from attnbench.data.parallel import ParallelText, Paths, file_names, local


@dataclass(frozen=True)
class HansardsOptions:
    """Stems of the splits' files, and of the pairs with gold links (null: none)."""

    train: str
    valid: str
    test: str
    gold: str | None


def find(config: DataConfig, options: HansardsOptions) -> Paths:
    """`STEM.en` and `STEM.fr` of each split; for the gold pairs `STEM.en.txt`, `STEM.fr.txt`, `STEM.align.txt`."""
    if config.root is None:
        raise ValueError(
            f"data={config.name} cannot be downloaded: only its owners distribute it. Give its folder with "
            f"data.root=DIR: {options.train}.en, {options.train}.fr and so on, plain or .gz."
        )
    names = file_names(config, {"train": options.train, "valid": options.valid, "test": options.test})
    if options.gold is not None:
        gold = file_names(config, {"gold": options.gold})
        names |= {role: f"{name}.txt" for role, name in gold.items()}
        # The file names the English word first.
        links = "gold_links" if config.source_language == "en" else "gold_links_transposed"
        names[links] = f"{options.gold}.align.txt"
    return {role: local(Path(config.root), name) for role, name in names.items()}


LOADER = ParallelText(HansardsOptions, find, languages=("en", "fr"))
