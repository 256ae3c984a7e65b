"""IWSLT'15: its six files, downloaded or local, and the digests that a user gives."""

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from attnbench.config import DataConfig
from attnbench.data import check
from attnbench.data.parallel import ParallelText
from attnbench.data.sets.iwslt15 import Iwslt15Options, find
from tests.data.refusal import refusal

Configured = Callable[..., DataConfig]


@pytest.fixture
def corpus(served: tuple[Path, str]) -> tuple[Path, str]:
    """A tiny IWSLT'15: its folder and the address under which this machine serves it."""
    folder, url = served
    for stem in ("train", "tst2012", "tst2013"):
        for language in ("en", "vi"):
            (folder / f"{stem}.{language}").write_bytes(f"{stem} {language}\n".encode())
    return folder, url


@pytest.mark.parametrize("is_local", [True, False], ids=["local", "downloaded"])
def test_tst2012_is_the_validation_set_and_tst2013_the_test_set(
    is_local: bool, corpus: tuple[Path, str], configured: Configured
) -> None:
    folder, url = corpus
    config = configured("iwslt15_envi", root=str(folder) if is_local else None)
    splits = ParallelText(Iwslt15Options, partial(find, folder=url)).read(config, sequence_length=9).splits
    assert {split: (pairs.source, pairs.target) for split, pairs in splits.items()} == {
        "train": (["train en"], ["train vi"]),
        "valid": (["tst2012 en"], ["tst2012 vi"]),
        "test": (["tst2013 en"], ["tst2013 vi"]),
    }


def test_a_given_digest_is_compared_with_local_and_with_downloaded_files(
    corpus: tuple[Path, str], configured: Configured
) -> None:
    folder, url = corpus
    downloaded, local = configured("iwslt15_envi"), configured("iwslt15_envi", root=str(folder))
    correct, wrong = hashlib.sha256(b"train en\n").hexdigest(), "12ab"
    options = Iwslt15Options({"train_source": correct})
    assert find(local, options, folder=url)["train_source"] == folder / "train.en"
    assert find(downloaded, options, folder=url)["train_source"].read_bytes() == b"train en\n"
    message = f"is not the expected file: its text has the sha256 {correct}, expected {wrong}."
    options = Iwslt15Options({"train_source": wrong})
    assert refusal(find, downloaded, options, folder=url) == (
        f"{url}/train.en {message} Try again later, or give the folder of a correct copy with data.root."
    )
    assert refusal(find, local, options, folder=url) == (
        f"{folder / 'train.en'} {message} Give another copy, or correct data.options.digests."
    )


def test_a_digest_for_an_unknown_file_is_refused(configured: Configured) -> None:
    assert refusal(check, configured("iwslt15_envi", options={"digests": {"train_sorce": "12ab"}})) == (
        "Unknown file in data.options.digests 'train_sorce'. Known: train_source, train_target, valid_source, "
        "valid_target, test_source, test_target. Did you mean 'train_source'?"
    )


def test_an_unknown_language_is_refused(configured: Configured) -> None:
    assert refusal(check, configured("iwslt15_envi", source_language="xq")) == (
        "Unknown data.source_language 'xq'. Known: en, vi."
    )


def test_an_unknown_option_is_refused_with_the_nearest(configured: Configured) -> None:
    assert refusal(check, configured("iwslt15_envi", options={"digest": "x"})) == (
        "Unknown option 'data.options.digest'. Did you mean 'digests'?"
    )
