"""The Hansards: plain files, with gold links."""

from collections.abc import Callable
from pathlib import Path

from attnbench.config import DataConfig
from attnbench.data import check, load
from tests.data.refusal import refusal

WORDS = {"kind": "words", "size": 100}
Configured = Callable[..., DataConfig]


def test_hansards_without_a_folder_are_refused(configured: Configured) -> None:
    assert refusal(check, configured("hansards")) == (
        "data=hansards cannot be downloaded: only its owners distribute it. Give its folder with data.root=DIR: "
        "train50k.en, train50k.fr and so on, plain or .gz."
    )


def test_links_are_transposed_where_the_file_names_the_target_first(configured: Configured, tmp_path: Path) -> None:
    (tmp_path / "gold").mkdir()
    for stem in ("train50k", "dev", "test", "gold/test"):
        for language, text in (("en", "the cat"), ("fr", "le chat noir")):
            suffix = ".txt" if stem == "gold/test" else ""
            (tmp_path / f"{stem}.{language}{suffix}").write_text(text + "\n")
    (tmp_path / "gold" / "test.align.txt").write_text("0-0 1-1 1?2\n")
    links = []
    for source, target in (("en", "fr"), ("fr", "en")):
        config = configured(
            "hansards", root=str(tmp_path), source_language=source, target_language=target, subwords=WORDS
        )
        alignment = load(config, sequence_length=9).alignment
        assert alignment is not None
        assert alignment.text.links is not None
        links.append(alignment.text.links[0])
    assert (links[0].sure, links[0].possible) == ({(0, 0), (1, 1)}, {(0, 0), (1, 1), (1, 2)})
    assert (links[1].sure, links[1].possible) == ({(0, 0), (1, 1)}, {(0, 0), (1, 1), (2, 1)})


def test_an_unknown_language_is_refused(configured: Configured) -> None:
    assert refusal(check, configured("hansards", source_language="xq")) == (
        "Unknown data.source_language 'xq'. Known: en, fr."
    )


def test_an_unknown_option_is_refused_with_the_nearest(configured: Configured) -> None:
    assert refusal(check, configured("hansards", options={"train_": "x"})) == (
        "Unknown option 'data.options.train_'. Did you mean 'train'?"
    )


def test_gold_links_are_optional(configured: Configured, tmp_path: Path) -> None:
    for stem in ("train50k", "dev", "test"):
        for language in ("en", "fr"):
            (tmp_path / f"{stem}.{language}").write_text("a\n")
    config = configured("hansards", root=str(tmp_path), subwords=WORDS, options={"gold": None})
    assert load(config, sequence_length=9).alignment is None
