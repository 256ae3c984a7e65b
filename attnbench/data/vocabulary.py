"""From text to ids and back: white-space words, or sentencepiece's pieces.

Both kinds of vocabulary have the same methods, and give the special tokens the ids of `attnbench.special_tokens`.
`encode` adds neither BOS nor EOS, and white space of any kind separates words; `decode` stops at the first EOS and
leaves PAD and BOS out.
"""

import base64
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sentencepiece

from attnbench.mapping import typed
from attnbench.special_tokens import BOS, EOS, PAD, SPECIAL_TOKENS, UNKNOWN

_WORD_START, _RESERVED = "\u2581", "\u2585"


def _visible(ids: Iterable[int]) -> list[int]:
    before_end = itertools.takewhile(lambda number: number != EOS, ids)
    return [int(number) for number in before_end if number not in (PAD, BOS)]


class Words:
    """One id for each white-space word."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = (*SPECIAL_TOKENS, *words)
        self._ids = {word: number for number, word in enumerate(self._words) if number > UNKNOWN}

    @classmethod
    def of_text(cls, lines: Iterable[str], size: int) -> "Words":
        """The most frequent words of `lines`, at most `size` with the special tokens; ties are broken by code point."""
        counts = Counter(word for line in lines for word in line.split())
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(ranked[: max(size - len(SPECIAL_TOKENS), 0)])

    @property
    def size(self) -> int:
        """The number of ids, special tokens included."""
        return len(self._words)

    def encode(self, text: str) -> list[int]:
        """The id of each word; UNKNOWN for a word outside the vocabulary."""
        return [self._ids.get(word, UNKNOWN) for word in text.split()]

    def decode(self, ids: Iterable[int]) -> str:
        """The words, joined by a space."""
        return " ".join(self._words[number] for number in _visible(ids))

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """The word of each id."""
        return [self._words[number] for number in ids]

    def words(self, ids: Iterable[int]) -> list[int]:
        """For each id, the index of its white-space word: 0, 1, 2, ..."""
        return list(range(len(list(ids))))

    def to_dict(self) -> dict[str, Any]:
        """The words in the order of their ids, for `from_dict`."""
        return {"kind": "words", "words": list(self._words[len(SPECIAL_TOKENS) :])}


class Subwords:
    """The pieces of a sentencepiece model (Kudo and Richardson 2018)."""

    def __init__(self, model: bytes) -> None:
        self._model = model
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(model)
        except RuntimeError as error:
            raise ValueError("sentencepiece cannot read the model") from error

    @property
    def size(self) -> int:
        """The number of ids, special tokens included."""
        return self._processor.get_piece_size()

    def encode(self, text: str) -> list[int]:
        """The ids of the most probable pieces, or of the merges in their order."""
        return self._processor.encode(" ".join(text.split()))

    def decode(self, ids: Iterable[int]) -> str:
        """The text; an unknown piece is written as sentencepiece writes it, ` \u2047 `."""
        return self._processor.decode(_visible(ids))

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """The written form of each id; a word's first piece begins with U+2581."""
        return [self._processor.id_to_piece(int(number)) for number in ids]

    def words(self, ids: Iterable[int]) -> list[int]:
        """For each id, the index of its white-space word; pieces before the first word start belong to word 0."""
        started = itertools.accumulate(piece.startswith(_WORD_START) for piece in self.pieces(ids))
        return [max(count - 1, 0) for count in started]

    def to_dict(self) -> dict[str, Any]:
        """The model's bytes in base 64, for `from_dict`."""
        return {"kind": "sentencepiece", "model": base64.b64encode(self._model).decode("ascii")}


Vocabulary = Words | Subwords
"""The words or pieces of one language."""


def from_dict(values: Mapping[str, Any]) -> Vocabulary:
    """The vocabulary whose `to_dict` gave `values`; raises ValueError where none did."""
    if values.get("kind") == "words":
        return Words(typed(list[str], values.get("words"), "words"))
    if values.get("kind") == "sentencepiece":
        return Subwords(base64.b64decode(typed(str, values.get("model"), "model")))
    raise ValueError(f"Unknown kind of vocabulary {values.get('kind')!r}. Known: words, sentencepiece.")


class SizeError(ValueError):
    """A text cannot give `size` pieces; `nearest` is the nearest size that it can give."""

    def __init__(self, size: int, nearest: int) -> None:
        if size > nearest:
            reason = f"is too large: the training text gives at most {nearest} pieces"
            advice = f"{nearest} or less, or data.subwords.kind=words"
        else:
            reason = "is too small: each character of the training text needs a piece"
            advice = f"{nearest} or more"
        super().__init__(f"data.subwords.size={size} {reason}. Use data.subwords.size={advice}.")
        self.size, self.nearest = size, nearest


def train_subwords(lines: Sequence[str], *, size: int, model: str) -> bytes:
    """Trains a sentencepiece model on `lines` and returns its bytes; the same lines give the same bytes.

    Every line is used, in one thread, so nothing is drawn at random. The text is not changed: no Unicode normalisation,
    and every character gets a piece. `size` includes the special tokens; `model` is `unigram` (Kudo 2018) or `bpe`
    (Sennrich et al. 2016).

    Raises:
        SizeError: `lines` cannot give `size` pieces, or need more.
        ValueError: they hold the character that sentencepiece reserves, or nothing but the one it takes for a space.
    """
    _check_characters(lines)
    trained = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(" ".join(line.split()) for line in lines),
            model_writer=trained,
            model_type=model,
            vocab_size=size,
            character_coverage=1.0,
            normalization_rule_name="identity",
            num_threads=1,
            max_sentence_length=1 << 20,
            pad_id=PAD,
            bos_id=BOS,
            eos_id=EOS,
            unk_id=UNKNOWN,
            pad_piece=SPECIAL_TOKENS[PAD],
            bos_piece=SPECIAL_TOKENS[BOS],
            eos_piece=SPECIAL_TOKENS[EOS],
            unk_piece=SPECIAL_TOKENS[UNKNOWN],
            minloglevel=2,
        )
    except RuntimeError as error:
        nearest = re.search(r"value <= (\d+)|required_chars\. \d+ vs (\d+)", str(error))
        if nearest is None:
            raise ValueError(f"sentencepiece cannot make {size} pieces of the training text: {error}") from error
        raise SizeError(size, int(nearest[1] or nearest[2])) from error
    return trained.getvalue()


def _check_characters(lines: Sequence[str]) -> None:
    """Raises ValueError where sentencepiece would leave lines out without a word, or find no text."""
    reserved = next((line for line in lines if _RESERVED in line), None)
    if reserved is not None:
        raise ValueError(
            f"The training text holds {_RESERVED} (U+2585), which sentencepiece reserves, in {reserved[:40]!r}. "
            "Replace it in the text, or use data.subwords.kind=words."
        )
    if not any(line.replace(_WORD_START, " ").strip() for line in lines):
        raise ValueError(
            f"The training text holds nothing but {_WORD_START} (U+2581), which sentencepiece takes for a space. "
            "Give a text with words, or use data.subwords.kind=words."
        )
