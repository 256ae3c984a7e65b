"""IWSLT'15 English-Vietnamese (Luong and Manning 2015): TED talks, tokenised, from data.root or fetched.

The 133,317 training pairs, tst2012 for validation and tst2013 as the test set.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnbench.checks import check_choice
from attnbench.config import DataConfig
from attnbench.data import cache
from attnbench.data.download import fetch
from attnbench.data.parallel import Paths, check_languages, local, names
from attnbench.mapping import build

_FOLDER = "https://nlp.stanford.edu/projects/nmt/data/iwslt15.en-vi"
_STEMS = {"train": "train", "valid": "tst2012", "test": "tst2013"}


@dataclass(frozen=True)
class Iwslt15Options:
    """`digests`: sha256 of the text by role (`train_source`, ...), to check files against.

    The address does not pin a version, and this package knows no digests of its own: where none is given, what comes is
    taken, and its digest identifies the run.
    """

    digests: dict[str, Any]


def paths(config: DataConfig) -> Paths:
    """Where the files are, downloaded where data.root is not given.

    Raises:
        ValueError: an unknown language, a missing file, a failed download, another digest than the one given.
    """
    options = build(Iwslt15Options, config.options, "data.options.")
    check_languages(config, ("en", "vi"))
    files = names(config, _STEMS)
    for role in options.digests:
        check_choice("file in data.options.digests", role, files)
    if config.root is None:
        return {
            role: fetch(f"{_FOLDER}/{name}", config, sha256=options.digests.get(role)) for role, name in files.items()
        }
    found = {role: local(Path(config.root), name) for role, name in files.items()}
    for role, sha256 in options.digests.items():
        cache.check_digest(found[role], config, sha256)
    return found
