"""Options in words."""

import pytest

from attnbench.report.options import option_value


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("attention", "dot", "dot"),
        ("hidden_size", "128", "128 units"),
        ("sequence_length", "20", "limit 20 tokens"),
        ("training.learning_rate", "0.003", "learning rate 0.003"),
        ("model.cell", "lstm", "model.cell lstm"),
    ],
)
def test_an_option_says_what_its_value_is(key: str, value: str, text: str) -> None:
    assert option_value(key, value) == text
