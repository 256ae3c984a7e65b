"""Multi30k: its addresses, its digests, its languages and test sets."""

import gzip
import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from attnbench.config import DataConfig
from attnbench.data import check
from attnbench.data.parallel import ParallelText
from attnbench.data.sets.multi30k import DIGESTS, Multi30kOptions, find
from tests.data.refusal import refusal

Configured = Callable[..., DataConfig]


def test_each_split_is_downloaded_from_its_file(served: tuple[Path, str], configured: Configured) -> None:
    folder, url = served
    for stem in ("train", "val", "test_2017_flickr"):
        for language in ("fr", "cs"):
            name = f"{stem}.{language}"
            (folder / f"{name}.gz").write_bytes(gzip.compress(f"{name}\n".encode()))
    config = configured(
        "multi30k", source_language="fr", target_language="cs", options={"test": "test_2017_flickr"}, lowercase=False
    )
    corpus = ParallelText(Multi30kOptions, partial(find, folder=url)).read(config, sequence_length=9)
    assert {split: (pairs.source, pairs.target) for split, pairs in corpus.splits.items()} == {
        "train": (["train.fr"], ["train.cs"]),
        "valid": (["val.fr"], ["val.cs"]),
        "test": (["test_2017_flickr.fr"], ["test_2017_flickr.cs"]),
    }


def test_a_download_is_compared_with_its_digest(served: tuple[Path, str], configured: Configured) -> None:
    folder, url = served
    other = b"other\n"
    (folder / "train.de.gz").write_bytes(gzip.compress(other))
    assert refusal(find, configured("multi30k"), Multi30kOptions("test_2016_flickr"), folder=url) == (
        f"{url}/train.de.gz is not the expected file: its text has the sha256 {hashlib.sha256(other).hexdigest()}, "
        f"expected {DIGESTS['train.de']}. Try again later, or give the folder of a correct copy with data.root."
    )


def test_an_unknown_language_is_refused(configured: Configured) -> None:
    assert refusal(check, configured("multi30k", source_language="xq")) == (
        "Unknown data.source_language 'xq'. Known: cs, de, en, fr."
    )


def test_an_unknown_test_set_is_refused_with_the_nearest(configured: Configured) -> None:
    assert refusal(check, configured("multi30k", options={"test": "test_2017_flick"})) == (
        "Unknown data.options.test 'test_2017_flick'. "
        "Known: test_2016_flickr, test_2017_flickr, test_2017_mscoco, test_2018_flickr. "
        "Did you mean 'test_2017_flickr'?"
    )


def test_an_unknown_option_is_refused_with_the_nearest(configured: Configured) -> None:
    assert refusal(check, configured("multi30k", options={"tests": "x"})) == (
        "Unknown option 'data.options.tests'. Did you mean 'test'?"
    )
