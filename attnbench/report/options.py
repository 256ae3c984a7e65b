"""Options as readers see them: names, units and values."""

_NAMES = {
    "hidden_size": ("hidden size", "units"),
    "sequence_length": ("training limit", "tokens"),
    "training.learning_rate": ("learning rate", ""),
    "profile.batch_size": ("batch size", "sentences"),
    "training.batch_size": ("batch size", ""),
    "data.texts": ("texts", ""),
    "data.match_pairs": ("training pairs at most", ""),
    "data.match_tokens": ("target tokens at most", ""),
}
"""Name and unit of options that are often swept; others are named by their keys."""

_NAMED_BY_VALUE = ("attention", "data", "backend", "precision")


def option_name(key: str) -> str:
    """`hidden size` for `hidden_size`."""
    return _NAMES.get(key, (key, ""))[0]


def option_unit(key: str) -> str:
    """The unit of an option, empty where it has none."""
    return _NAMES.get(key, ("", ""))[1]


def option_value(key: str, value: str) -> str:
    """An option's value in words: `128 units`, `limit 20 tokens`, `learning rate 0.003`, `dot`."""
    if key in _NAMED_BY_VALUE:
        return value
    if key == "sequence_length":
        return f"limit {value} tokens"
    unit = option_unit(key)
    return f"{value} {unit}" if unit else f"{option_name(key)} {value}"


def is_numeric(key: str) -> bool:
    """Whether a table sets the option's values as numbers."""
    return key not in _NAMED_BY_VALUE
