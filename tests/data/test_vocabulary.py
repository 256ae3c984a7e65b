from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnbench.data.vocabulary import Subwords, Vocabulary, Words, from_dict, train_subwords
from attnbench.special_tokens import BOS, EOS, PAD, UNKNOWN
from tests.data.refusal import refusal

TEXT = ["the cat sat on the mat .", "the dog sat on the log .", "a cat and a dog met", "cats met dogs on logs"] * 3
SUBWORDS = Subwords(train_subwords(TEXT, size=40, model="bpe"))


def test_both_kinds_give_the_special_tokens_the_same_ids() -> None:
    for vocabulary in (Words(["a"]), SUBWORDS):
        assert vocabulary.pieces([PAD, BOS, EOS, UNKNOWN]) == ["<pad>", "<s>", "</s>", "<unk>"]


def test_words_are_ranked_by_frequency_and_then_by_code_point() -> None:
    vocabulary = Words.of_text(["b a", "c b a", "d"], size=7)
    assert vocabulary.pieces(range(4, 7)) == ["a", "b", "c"]
    assert vocabulary.size == 7


def test_a_word_outside_the_vocabulary_is_unknown() -> None:
    assert Words(["a", "b"]).encode("b zebra a") == [5, UNKNOWN, 4]


def test_a_word_written_like_a_special_token_is_unknown() -> None:
    assert Words(["a"]).encode("<pad> </s> a") == [UNKNOWN, UNKNOWN, 4]


@pytest.mark.parametrize("vocabulary", [Words(["on", "the"]), SUBWORDS], ids=["words", "subwords"])
def test_decoding_stops_at_eos_and_leaves_padding_out(vocabulary: Vocabulary) -> None:
    ids = vocabulary.encode("on the")
    assert vocabulary.decode([BOS, *ids, EOS, *ids, PAD]) == "on the"
    assert vocabulary.decode([PAD, *ids, PAD]) == "on the"
    assert vocabulary.decode([]) == ""


@pytest.mark.parametrize("vocabulary", [Words(["on", "the"]), SUBWORDS], ids=["words", "subwords"])
def test_white_space_of_any_kind_separates_words(vocabulary: Vocabulary) -> None:
    assert vocabulary.encode(" on\u00a0 \u2028the\t") == vocabulary.encode("on the")


@given(st.lists(st.text(alphabet="acdeghlmnost.", min_size=1, max_size=5), max_size=5).map(" ".join))
def test_subwords_give_back_the_text_that_they_encode(text: str) -> None:
    assert SUBWORDS.decode(SUBWORDS.encode(text)) == text


@given(st.lists(st.text(alphabet="acdeghlmnost.é", min_size=1, max_size=5), max_size=5))
def test_each_piece_knows_its_word(words: list[str]) -> None:
    ids = SUBWORDS.encode(" ".join(words))
    indices = SUBWORDS.words(ids)
    assert sorted(set(indices)) == list(range(len(words)))
    for index, word in enumerate(words):
        pieces = [piece for piece, own in zip(ids, indices, strict=True) if own == index]
        assert pieces == SUBWORDS.encode(word)


def test_pieces_before_any_word_start_belong_to_the_first_word() -> None:
    pieces = SUBWORDS.pieces(range(SUBWORDS.size))
    inside, start = pieces.index("a"), pieces.index("\u2581on")
    assert SUBWORDS.words([inside, inside, start, inside, start]) == [0, 0, 0, 0, 1]


def test_every_white_space_word_is_one_id_in_a_word_vocabulary() -> None:
    assert Words(["a", "b"]).words([4, 5, 4]) == [0, 1, 2]


@pytest.mark.parametrize("vocabulary", [Words(["on", "the"]), SUBWORDS], ids=["words", "subwords"])
def test_a_vocabulary_survives_being_written_and_read(vocabulary: Vocabulary) -> None:
    again = from_dict(vocabulary.to_dict())
    assert again.size == vocabulary.size
    assert again.encode("on the mat") == vocabulary.encode("on the mat")
    assert again.to_dict() == vocabulary.to_dict()


def test_an_unknown_kind_of_vocabulary_is_refused() -> None:
    assert (
        refusal(from_dict, {"kind": "letters"}) == "Unknown kind of vocabulary 'letters'. Known: words, sentencepiece."
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "words", "words": "ab"}, "words must be a list, received 'ab'."),
        ({"kind": "words"}, "words must be a list, received None."),
        ({"kind": "sentencepiece", "model": 5}, "model must be a string, received 5."),
        ({"kind": "sentencepiece", "model": "AAAA"}, "sentencepiece cannot read the model"),
        ({"kind": "sentencepiece", "model": ""}, "sentencepiece cannot read the model"),
    ],
)
def test_what_is_no_vocabulary_is_refused(values: dict[str, Any], message: str) -> None:
    assert refusal(from_dict, values) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            ["a b", "c \u2585d"],
            "The training text holds \u2585 (U+2585), which sentencepiece reserves, in 'c \u2585d'. "
            "Replace it in the text, or use data.subwords.kind=words.",
        ),
        (
            ["\u2581", "\u2581 \u2581\u2581"],
            "The training text holds nothing but \u2581 (U+2581), which sentencepiece takes for a space. "
            "Give a text with words, or use data.subwords.kind=words.",
        ),
    ],
)
def test_characters_that_sentencepiece_has_for_itself_are_refused(text: list[str], message: str) -> None:
    assert refusal(train_subwords, text, size=40, model="bpe") == message


@pytest.mark.parametrize("model", ["unigram", "bpe"])
def test_the_same_text_gives_the_same_bytes(model: str) -> None:
    assert train_subwords(TEXT, size=26, model=model) == train_subwords(TEXT, size=26, model=model)


def test_subwords_leave_characters_as_they_are() -> None:
    vocabulary = Subwords(train_subwords(["ﬁn Å Å ½", "ﬁn"], size=14, model="bpe"))
    assert vocabulary.decode(vocabulary.encode("ﬁn Å Å ½")) == "ﬁn Å Å ½"


@pytest.mark.parametrize("model", ["unigram", "bpe"])
def test_more_pieces_than_the_text_gives_are_refused_with_the_largest_size(model: str) -> None:
    message = refusal(train_subwords, ["ab ab", "ab"], size=500, model=model)
    largest = message.split("at most ")[1].split(" ")[0]
    assert message == (
        f"data.subwords.size=500 is too large: the training text gives at most {largest} pieces. "
        f"Use data.subwords.size={largest} or less, or data.subwords.kind=words."
    )
    assert Subwords(train_subwords(["ab ab", "ab"], size=int(largest), model=model)).size == int(largest)


@pytest.mark.parametrize("model", ["unigram", "bpe"])
def test_fewer_pieces_than_characters_are_refused_with_a_size_that_works(model: str) -> None:
    text = ["abcdefg hijklmn", "gfedcba nmlkjih"]
    message = refusal(train_subwords, text, size=9, model=model)
    smallest = message.split("size=")[2].split(" ")[0]
    assert message == (
        "data.subwords.size=9 is too small: each character of the training text needs a piece. "
        f"Use data.subwords.size={smallest} or more."
    )
    assert Subwords(train_subwords(text, size=int(smallest), model=model)).size == int(smallest)
