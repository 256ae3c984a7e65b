"""A small text, and how it becomes pieces."""

SUBWORD_TEXT: dict[str, str | bytes] = {
    "train_source": "die katze sah den hund\nder hund sah die katze\nein hund und eine katze\n",
    "train_target": "the cat saw the dog\nthe dog saw the cat\na dog and a cat\n",
}
SUBWORDS = {"kind": "sentencepiece", "size": 30, "model": "bpe"}
