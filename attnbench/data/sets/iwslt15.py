"""IWSLT'15 English-Vietnamese (Luong and Manning 2015): TED talks, tokenised, from data.root or downloaded.

The 133,317 training pairs, tst2012 as the validation set and tst2013 as the test set.
"""

from dataclasses import dataclass

from attnbench.checks import check_choice
from attnbench.config import DataConfig
from attnbench.data import cache
from attnbench.data.parallel import ParallelText, Paths, file_names, local_or_downloaded

_FOLDER = "https://nlp.stanford.edu/projects/nmt/data/iwslt15.en-vi"


@dataclass(frozen=True)
class Iwslt15Options:
    """`digests`: the expected sha256 of the files' text, by role (`train_source`, ...).

    The address does not pin a version, and this package knows no digests of its own: where none is given, any text is
    accepted, and its digest identifies the run.
    """

    digests: dict[str, str]


def find(config: DataConfig, options: Iwslt15Options, *, folder: str = _FOLDER) -> Paths:
    """The six files; `folder` is their address."""
    names = file_names(config, {"train": "train", "valid": "tst2012", "test": "tst2013"})
    for role in options.digests:
        check_choice("file in data.options.digests", role, names)
    paths = {
        role: local_or_downloaded(f"{folder}/{name}", config, sha256=options.digests.get(role))
        for role, name in names.items()
    }
    for role, sha256 in options.digests.items():
        received = cache.text_facts(paths[role], config).sha256
        if received != sha256:
            raise ValueError(
                f"{paths[role]} is not the expected file: its text has the sha256 {received}, expected {sha256}. "
                "Give another copy, or correct data.options.digests."
            )
    return paths


LOADER = ParallelText(Iwslt15Options, find, languages=("en", "vi"))
