"""Options and p-values in words."""

import pytest

from attnbench.report.render.wording import factor_value, probability


def test_a_probability_has_as_many_digits_as_it_deserves() -> None:
    values = (0.5, 0.0123, 0.00456, 0.00001, 0.0, float("nan"))
    assert [probability(p) for p in values] == ["0.500", "0.012", "0.0046", "< 0.0001", "< 0.0001", "–"]


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
    assert factor_value(key, value) == text
