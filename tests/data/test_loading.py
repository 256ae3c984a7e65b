import gzip
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sentencepiece import SentencePieceTrainer

from attnbench.config import DataConfig
from attnbench.data import Subwords, digests, load
from attnbench.special_tokens import UNKNOWN
from tests.data.refusal import refusal
from tests.data.subwords import SUBWORD_TEXT, SUBWORDS

Configured = Callable[..., DataConfig]


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
