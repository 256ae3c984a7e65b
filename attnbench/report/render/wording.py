"""Options and p-values in words."""

import math

from attnbench.wording import DASH

FACTORS = {
    "attention": ("attention", ""),
    "hidden_size": ("hidden size", "units"),
    "sequence_length": ("training limit", "tokens"),
    "data": ("data", ""),
    "backend": ("backend", ""),
    "precision": ("precision", ""),
    "training.learning_rate": ("learning rate", ""),
    "profile.batch_size": ("batch size", "sentences"),
    "training.batch_size": ("batch size", ""),
    "data.texts": ("texts", ""),
    "data.match_pairs": ("training pairs at most", ""),
}
"""Name and unit of options that are often swept; others are named by their keys."""


def probability(p: float) -> str:
    """A p-value with as many digits as it deserves."""
    if math.isnan(p):
        return DASH
    if p < 0.0001:
        return "< 0.0001"
    return f"{p:.4f}" if p < 0.01 else f"{p:.3f}"


def factor_name(key: str) -> str:
    """An option in words, `hidden size` for `hidden_size`."""
    return FACTORS.get(key, (key, ""))[0]


def factor_unit(key: str) -> str:
    """The unit of an option, empty where it has none."""
    return FACTORS.get(key, ("", ""))[1]


def factor_value(key: str, value: str) -> str:
    """An option's value in words: `128 units`, `20 tokens`, `learning rate 0.003`, `dot`."""
    if key in ("attention", "data", "backend", "precision"):
        return value
    if key == "sequence_length":
        return f"limit {value} tokens"
    unit = factor_unit(key)
    return f"{value} {unit}" if unit else f"{factor_name(key)} {value}"


def capitalised(text: str) -> str:
    """The text with its first letter large, the others as they are."""
    return text[:1].upper() + text[1:]
