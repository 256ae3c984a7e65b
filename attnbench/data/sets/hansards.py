"""The Canadian Hansards, English and French, tokenised, with gold word alignments (Och and Ney 2000): plain files.

The corpus (HLT-NAACL 2003 shared task, ISI release 2001-1a) is handed out by its owners alone, so nothing is fetched.
"""

from dataclasses import dataclass
from pathlib import Path

from attnbench.config import DataConfig
from attnbench.data.parallel import Paths, check_languages, local, names
from attnbench.mapping import build


@dataclass(frozen=True)
class HansardsOptions:
    """Stems of the splits' files, and of the pairs with gold links (null: none)."""

    train: str
    valid: str
    test: str
    gold: str | None


def paths(config: DataConfig) -> Paths:
    """Where the files are: `STEM.en` and `STEM.fr`; for the gold pairs `STEM.en.txt`, `STEM.fr.txt`, `STEM.align.txt`.

    Raises:
        ValueError: data.root is not given, an unknown language, a missing file.
    """
    options = build(HansardsOptions, config.options, "data.options.")
    check_languages(config, ("en", "fr"))
    if config.root is None:
        raise ValueError(
            f"data={config.name} is read from files that nobody may hand on. Give their folder by data.root=DIR: "
            f"{options.train}.en, {options.train}.fr and so on, plain or .gz."
        )
    folder = Path(config.root)
    splits = {"train": options.train, "valid": options.valid, "test": options.test}
    found = {role: local(folder, name) for role, name in names(config, splits).items()}
    if options.gold is None:
        return found
    gold = {role: local(folder, f"{name}.txt") for role, name in names(config, {"gold": options.gold}).items()}
    links = "gold_links" if config.source_language == "en" else "gold_links_transposed"
    return found | gold | {links: local(folder, f"{options.gold}.align.txt")}
