"""The special tokens, which every vocabulary and every model shares: padding, begin and end of sequence, unknown."""

PAD, BOS, EOS, UNKNOWN = 0, 1, 2, 3

SPECIAL_TOKENS = ("<pad>", "<s>", "</s>", "<unk>")
"""The written form of each, by its id."""
