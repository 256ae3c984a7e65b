"""Data that is refused, most of it before any work: each fault in one sentence."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from attnbench.config import DataConfig
from attnbench.data import check, load
from attnbench.data.sets import LOADERS
from tests.data.refusal import refusal
from tests.data.subwords import SUBWORD_TEXT, SUBWORDS

Configured = Callable[..., DataConfig]


def test_an_unknown_loader_is_refused_with_the_nearest(configured: Configured) -> None:
    assert refusal(check, configured("multi30k", loader="multi3k")) == (
        f"Unknown data.loader 'multi3k'. Known: {', '.join(LOADERS)}. Did you mean 'multi30k'?"
    )


def test_a_missing_folder_is_refused(configured: Configured, tmp_path: Path) -> None:
    root = tmp_path / "absent"
    assert refusal(check, configured("multi30k", root=str(root))) == (
        f"data.root={root} is not a folder. Give the folder that holds train.de or train.de.gz."
    )


def test_a_missing_file_is_refused(configured: Configured, tmp_path: Path) -> None:
    assert refusal(check, configured("multi30k", root=str(tmp_path))) == (
        f"data.root={tmp_path} holds neither train.de nor train.de.gz. Put one of them there."
    )


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (Path.mkdir, "a folder"),
        (os.mkfifo, "a pipe"),
        (lambda path: path.symlink_to("nowhere"), "a link to nowhere, which does not exist"),
    ],
)
def test_what_is_no_file_is_refused_as_what_it_is(
    make: Callable[[Path], None], kind: str, of_files: Configured, tmp_path: Path
) -> None:
    config = of_files()
    (tmp_path / "train_source").unlink()
    make(tmp_path / "train_source")
    assert refusal(check, config) == f"{tmp_path / 'train_source'} is {kind}. Give a text file, plain or .gz."


def test_a_file_that_is_not_named_is_refused(of_files: Configured) -> None:
    assert refusal(check, of_files(options={"valid_target": None})) == (
        "data.options.valid_target is not given. Name a UTF-8 text file, one sentence a line."
    )


def test_gold_files_are_given_together(of_files: Configured) -> None:
    assert refusal(check, of_files({"gold_links": "0-0\n"})) == (
        "data.options.gold_source is not given. Name a UTF-8 text file, one sentence a line; "
        "the three gold files are given together."
    )


def test_unequal_line_counts_are_refused_before_work(of_files: Configured, tmp_path: Path) -> None:
    assert refusal(check, of_files({"valid_source": "a c\na\n"})) == (
        f"{tmp_path / 'valid_source'} has 2 lines and {tmp_path / 'valid_target'} has 1. "
        "Line N of one must translate line N of the other: give two files of equal line count."
    )


def test_links_for_another_number_of_pairs_are_refused_before_work(of_files: Configured, tmp_path: Path) -> None:
    gold: dict[str, str | bytes] = {"gold_source": "a\nb\n", "gold_target": "x\ny\n", "gold_links": "0-0\n"}
    assert refusal(check, of_files(gold)) == (
        f"{tmp_path / 'gold_source'} has 2 lines and {tmp_path / 'gold_links'} has 1. "
        "Line N of one must translate line N of the other: give two files of equal line count."
    )


def test_an_empty_file_is_refused_before_work(of_files: Configured, tmp_path: Path) -> None:
    assert refusal(check, of_files({"test_target": ""})) == (
        f"{tmp_path / 'test_target'} is empty. Expected one sentence a line."
    )


def test_a_file_that_is_not_utf_8_is_refused_before_work(of_files: Configured, tmp_path: Path) -> None:
    assert refusal(check, of_files({"train_target": b"x\ny\n\xe9t\xe9\n"})) == (
        f"{tmp_path / 'train_target'} is not UTF-8: line 3 holds the byte 0xe9. "
        "Convert it, for example with iconv -t UTF-8."
    )


def test_a_cache_folder_that_cannot_be_made_is_refused_before_work(of_files: Configured, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    assert refusal(check, of_files(cache_dir=str(tmp_path / "taken"))).startswith("Cannot write ")
    assert refusal(check, of_files(cache_dir=str(tmp_path / "taken"))).endswith(
        f".json into the cache folder {tmp_path / 'taken' / 'texts'}: Not a directory. "
        "Free space or give it write permission, or name another folder with data.cache_dir."
    )


@pytest.mark.parametrize("encoded", [False, True], ids=["new text", "encoded text"])
def test_a_limit_that_leaves_no_training_pair_is_refused_before_work(encoded: bool, of_files: Configured) -> None:
    config = of_files({"train_source": "a b c\nb\n", "train_target": "x\nx y\n"})
    if encoded:
        load(config, sequence_length=2)
    assert refusal(check, config, sequence_length=1) == (
        "sequence_length=1 leaves no training pair: the shortest has 2 tokens on its longer side. "
        "Use sequence_length=2 or more."
    )


def test_text_that_is_encoded_already_is_checked_without_reading_it(
    of_files: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = of_files(SUBWORD_TEXT, subwords=SUBWORDS)
    check(config, sequence_length=30)
    monkeypatch.setattr("attnbench.data.text.read_text", lambda path: pytest.fail(f"{path} was read."))
    check(config, sequence_length=30)


def test_text_that_changed_in_place_is_read_again(of_files: Configured, tmp_path: Path) -> None:
    config = of_files(SUBWORD_TEXT, subwords=SUBWORDS)
    check(config, sequence_length=30)
    for path in tmp_path.glob("*_source"):
        status = path.stat()
        path.write_bytes(b"\xff" * status.st_size)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert refusal(check, config, sequence_length=30) == (
        f"{tmp_path / 'train_source'} is not UTF-8: line 1 holds the byte 0xff. "
        "Convert it, for example with iconv -t UTF-8."
    )


def test_subwords_that_the_text_cannot_give_are_refused_before_work(of_files: Configured) -> None:
    # Besides the four special tokens there are three pieces: the character, the word start, and their merge.
    config = of_files({"train_source": "a\n", "train_target": "a\n"}, subwords=SUBWORDS | {"size": 9000})
    assert refusal(check, config, sequence_length=9) == (
        "data.subwords.size=9000 is too large: the training text gives at most 7 pieces. "
        "Use data.subwords.size=7 or less, or data.subwords.kind=words."
    )


def test_the_advice_on_the_number_of_pieces_suits_both_sides(of_files: Configured) -> None:
    texts: dict[str, str | bytes] = {"train_source": "abab abab ab\n", "train_target": "xyxyxyxy xyxyxyx xyxy\n"}

    def of_size(size: int) -> DataConfig:
        return of_files(texts, subwords={"kind": "sentencepiece", "model": "bpe", "size": size})

    message = refusal(check, of_size(9000), sequence_length=99)
    largest = int(message.split("at most ")[1].split(" ")[0])
    assert message == (
        f"data.subwords.size=9000 is too large: the training text gives at most {largest} pieces. "
        f"Use data.subwords.size={largest} or less, or data.subwords.kind=words."
    )
    check(of_size(largest), sequence_length=99)


def test_sides_that_no_number_of_pieces_suits_are_refused_with_what_does(of_files: Configured) -> None:
    subwords = {"kind": "sentencepiece", "model": "bpe", "size": 9}
    texts: dict[str, str | bytes] = {"train_source": "a a\n", "train_target": "bcdefghijklm nopq\n"}
    assert refusal(check, of_files(texts, subwords=subwords), sequence_length=99) == (
        "No data.subwords.size suits both sides: one gives at most 7 pieces, the other needs 21. "
        "Use data.subwords.joint=true, or data.subwords.kind=words."
    )


@pytest.mark.parametrize("kind", ["words", "sentencepiece"])
def test_a_vocabulary_of_special_tokens_alone_is_refused_before_work(kind: str, of_files: Configured) -> None:
    assert refusal(check, of_files(subwords={"kind": kind, "size": 4}), sequence_length=9) == (
        "data.subwords.size=4 has room only for the 4 special tokens. Use data.subwords.size=5 or more."
    )


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_files_of_empty_lines_are_refused_before_work(split: str, of_files: Configured, tmp_path: Path) -> None:
    source, target = f"{split}_source", f"{split}_target"
    config = of_files({source: "\n \t\r\n", target: "x\ny\n"})
    assert refusal(check, config, sequence_length=9) == (
        f"No line of {tmp_path / source} and {tmp_path / target} has text on both sides. Expected at least one pair."
    )
