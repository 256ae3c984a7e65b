import gzip
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sentencepiece import SentencePieceTrainer

from attnbench.config import DataConfig
from attnbench.data import Subwords, check, digests, load
from attnbench.data.sets import LOADERS
from attnbench.special_tokens import UNKNOWN
from tests.data.refusal import refusal

WORDS = {"kind": "words", "size": 100}
Texts = Callable[..., dict[str, str]]
Configured = Callable[..., DataConfig]


@pytest.fixture
def of_files(configured: Configured, parallel_text: Texts, tmp_path: Path) -> Configured:
    """The configuration of the small data set; texts are given by role, options of `files` by `options`."""

    def make(texts: dict[str, str | bytes] | None = None, **changes: object) -> DataConfig:
        names = parallel_text(**(texts or {}))
        changes.setdefault("subwords", WORDS)
        return configured("files", root=str(tmp_path), options=names | changes.pop("options", {}), **changes)  # type: ignore[operator]

    return make


def test_files_become_ids_and_keep_their_text(of_files: Configured) -> None:
    dataset = load(of_files(), sequence_length=9)
    assert dataset.train.text.source == ["a b", "a b c", "b c a d"]
    assert dataset.source_vocabulary.pieces(range(4, 8)) == ["a", "b", "c", "d"]
    assert [list(dataset.test.source[row]) for row in (0, 1)] == [[5, 4, 7, 6, UNKNOWN], [6]]
    assert dataset.target_vocabulary.decode(dataset.valid.target[0]) == "x z"
    assert (dataset.alignment, dataset.test.text.links, dataset.left_out_pairs, dataset.skipped_pairs) == (
        None,
        None,
        0,
        0,
    )


def test_training_pairs_longer_than_the_limit_on_either_side_are_left_out_and_test_pairs_never(
    of_files: Configured,
) -> None:
    texts: dict[str, str | bytes] = {"train_source": "a\na b c\na b\n", "train_target": "x y z\nx\nx y\n"}
    dataset = load(of_files(texts), sequence_length=2)
    assert dataset.train.text.source == ["a b"]
    assert [list(ids) for ids in (dataset.train.source[0], dataset.train.target[0])] == [[4, 5], [4, 5]]
    assert dataset.left_out_pairs == 2
    assert dataset.test.source.lengths.tolist() == [5, 1]


def test_the_vocabulary_does_not_depend_on_the_limit(of_files: Configured) -> None:
    short, long = (load(of_files(), sequence_length=limit) for limit in (2, 4))
    assert short.source_vocabulary.to_dict() == long.source_vocabulary.to_dict()


def test_pairs_with_an_empty_side_are_skipped_and_counted(of_files: Configured) -> None:
    texts: dict[str, str | bytes] = {"train_source": "a\n\nc\nd\n", "train_target": "x\ny\n \u00a0\nz\n"}
    texts |= {"test_source": "a\nb\n", "test_target": "\nx\n"}
    dataset = load(of_files(texts), sequence_length=9)
    assert dataset.train.text.source == ["a", "d"]
    assert dataset.test.text.target == ["x"]
    assert dataset.skipped_pairs == 3


def test_files_without_any_pair_are_refused(of_files: Configured, tmp_path: Path) -> None:
    texts: dict[str, str | bytes] = {"train_source": "a\n\n", "train_target": "\ny\n"}
    assert refusal(load, of_files(texts), sequence_length=9) == (
        f"No line of {tmp_path / 'train_source'} and {tmp_path / 'train_target'} has text on both sides. "
        "Expected at least one pair."
    )


def test_lower_casing_changes_text_and_ids_on_both_sides(of_files: Configured) -> None:
    texts: dict[str, str | bytes] = {"test_source": "A ß\n", "test_target": "X Ý\n"}
    plain, lowered = (load(of_files(texts, lowercase=lowercase), sequence_length=9) for lowercase in (False, True))
    assert (plain.test.text.source, plain.test.text.target) == (["A ß"], ["X Ý"])
    assert (lowered.test.text.source, lowered.test.text.target) == (["a ß"], ["x ý"])
    assert list(plain.test.source[0]) == [UNKNOWN, UNKNOWN]
    assert list(lowered.test.source[0]) == [4, UNKNOWN]


def test_a_word_vocabulary_has_at_most_its_size(of_files: Configured) -> None:
    dataset = load(of_files(subwords={"kind": "words", "size": 6}), sequence_length=9)
    assert dataset.source_vocabulary.pieces(range(4, 6)) == ["a", "b"]


def test_a_joint_vocabulary_is_one_for_both_sides(of_files: Configured) -> None:
    dataset = load(of_files(subwords={"kind": "words", "size": 100, "joint": True}), sequence_length=9)
    assert dataset.source_vocabulary is dataset.target_vocabulary
    assert dataset.source_vocabulary.size == 4 + len("abcdxyzw")


def many_lines(pairs: int) -> dict[str, str | bytes]:
    lines = [f"a{number} b" for number in range(pairs)]
    return {"train_source": "\n".join(lines), "train_target": "\n".join(lines).replace("a", "x")}


def test_matched_pairs_are_drawn_from_those_under_the_limit_by_the_data_seed(of_files: Configured) -> None:
    drawn = [load(of_files(many_lines(50), match_pairs=20, seed=seed), sequence_length=2).train for seed in (1, 1, 2)]
    assert [len(train) for train in drawn] == [20, 20, 20]
    assert drawn[0].text.source == drawn[1].text.source != drawn[2].text.source
    numbers = [int(line.split()[0][1:]) for line in drawn[0].text.source]
    assert numbers == sorted(set(numbers))
    assert [line.replace("a", "x") for line in drawn[0].text.source] == drawn[0].text.target


def test_fewer_pairs_than_match_pairs_are_all_used(of_files: Configured) -> None:
    assert len(load(of_files(match_pairs=20), sequence_length=9).train) == 3


def test_matched_tokens_are_those_of_the_targets_with_eos(of_files: Configured) -> None:
    # every target has 2 tokens and EOS: 7 pairs have 21 tokens, 8 would have 24
    train = load(of_files(many_lines(50), match_tokens=23, seed=1), sequence_length=2).train
    assert len(train.target.tokens) + len(train) == 21
    pairs = load(of_files(many_lines(50), match_pairs=7, seed=1), sequence_length=2).train
    assert train.text.source == pairs.text.source
    assert len(load(of_files(many_lines(50), match_tokens=1000), sequence_length=2).train) == 50


def test_too_few_tokens_for_a_pair_are_refused(of_files: Configured) -> None:
    message = (
        "data.match_tokens=2 leaves no training pair: the first one drawn has 3 target tokens. "
        "Use data.match_tokens=3 or more."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        load(of_files(many_lines(50), match_tokens=2), sequence_length=2)


def test_gold_links_come_with_their_pairs(of_files: Configured) -> None:
    gold: dict[str, str | bytes] = {
        "gold_source": "a b\n\nb\n",
        "gold_target": "y x\nx\ny\n",
        "gold_links": "0-1 1?0\n\n0-0\n",
    }
    dataset = load(of_files(gold), sequence_length=9)
    assert dataset.alignment is not None
    assert dataset.alignment.text.links is not None
    assert dataset.alignment.text.source == ["a b", "b"]
    assert dataset.alignment.text.links[0].sure == {(0, 1)}
    assert dataset.alignment.text.links[0].possible == {(0, 1), (1, 0)}
    assert dataset.skipped_pairs == 1


SUBWORD_TEXT: dict[str, str | bytes] = {
    "train_source": "die katze sah den hund\nder hund sah die katze\nein hund und eine katze\n",
    "train_target": "the cat saw the dog\nthe dog saw the cat\na dog and a cat\n",
}
SUBWORDS = {"kind": "sentencepiece", "size": 30, "model": "bpe"}


@pytest.mark.parametrize("joint", [True, False])
def test_subwords_are_trained_on_the_training_side_alone(joint: bool, of_files: Configured) -> None:
    texts = SUBWORD_TEXT | {"test_source": "qx hund\nhund\n"}
    dataset = load(of_files(texts, subwords=SUBWORDS | {"joint": joint}), sequence_length=30)
    assert (dataset.source_vocabulary is dataset.target_vocabulary) == joint
    assert dataset.source_vocabulary.size == 30
    pieces = set("".join(dataset.source_vocabulary.pieces(range(4, 30))))
    assert not pieces & set("qx")
    assert dataset.target_vocabulary.decode(dataset.train.target[0]) == "the cat saw the dog"


def test_a_second_load_takes_pieces_and_ids_from_the_cache(
    of_files: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = of_files(SUBWORD_TEXT, subwords=SUBWORDS)
    first = load(config, sequence_length=30)
    monkeypatch.delattr(SentencePieceTrainer, "train")
    monkeypatch.delattr(Subwords, "encode")
    second = load(config, sequence_length=30)
    assert second.source_vocabulary.to_dict() == first.source_vocabulary.to_dict()
    for split in ("train", "valid", "test"):
        for side in ("source", "target"):
            one, other = (getattr(getattr(dataset, split), side) for dataset in (first, second))
            assert np.array_equal(one.tokens, other.tokens)
            assert np.array_equal(one.offsets, other.offsets)


def test_damaged_cache_files_are_rewritten(of_files: Configured, tmp_path: Path) -> None:
    config = of_files(SUBWORD_TEXT, subwords=SUBWORDS)
    first = load(config, sequence_length=30)
    written = {path: path.read_bytes() for path in (tmp_path / "cache").glob("*/*.npz")}
    assert len(written) == 3
    for path, content in written.items():
        path.write_bytes(content[: len(content) // 2])
    second = load(config, sequence_length=30)
    assert np.array_equal(first.train.source.tokens, second.train.source.tokens)
    assert {path: path.read_bytes() for path in written} == written


@pytest.mark.parametrize("change", [{"lowercase": True}, {"subwords": SUBWORDS | {"size": 29}}])
def test_other_options_use_other_cache_files(change: dict[str, object], of_files: Configured, tmp_path: Path) -> None:
    load(of_files(SUBWORD_TEXT, subwords=SUBWORDS), sequence_length=30)
    before = set((tmp_path / "cache").glob("*/*.npz"))
    load(of_files(SUBWORD_TEXT, **{"subwords": SUBWORDS} | change), sequence_length=30)
    assert len(set((tmp_path / "cache").glob("*/*.npz")) - before) == 3


def test_the_digest_of_a_file_is_that_of_its_text_whether_compressed_or_not(
    of_files: Configured, tmp_path: Path
) -> None:
    config = of_files()
    plain = digests(config)
    for role in plain:
        (tmp_path / f"{role}.gz").write_bytes(gzip.compress((tmp_path / role).read_bytes()))
        (tmp_path / role).unlink()
    assert digests(config) == plain
    assert sorted(plain) == sorted(
        f"{split}_{side}" for split in ("train", "valid", "test") for side in ("source", "target")
    )


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
