"""Numbers and options in words."""

import pytest

from attnbench.report.render.wording import (
    MINUS,
    Measure,
    counted,
    factor_value,
    listed,
    measure,
    number,
    probability,
    signed,
)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1234567.0, 0, "1,234,567"),
        (-0.5, 2, f"{MINUS}0.50"),
        (-0.001, 2, "0.00"),
        (float("nan"), 2, "–"),
        (float("inf"), 2, "∞"),
        (12345.6, None, "12,346"),
        (123.45, None, "123.5"),
        (0.012345, None, "0.01235"),
        (0.0, None, "0"),
    ],
)
def test_a_number_has_commas_a_true_minus_and_only_digits_that_mean_something(
    value: float, decimals: int | None, text: str
) -> None:
    assert number(value, decimals) == text


def test_a_difference_always_shows_its_sign() -> None:
    assert [signed(value, 1) for value in (1.26, -1.26, 0.0)] == ["+1.3", f"{MINUS}1.3", "0.0"]


def test_a_probability_has_as_many_digits_as_it_deserves() -> None:
    values = (0.5, 0.0123, 0.00456, 0.00001, 0.0, float("nan"))
    assert [probability(p) for p in values] == ["0.500", "0.012", "0.0046", "< 0.0001", "< 0.0001", "–"]


def test_the_half_width_of_an_interval_has_the_decimals_of_its_value() -> None:
    speed = Measure("speed", "speed")
    assert speed.format(5412.3) == "5,412"
    assert speed.format(2.718, beside=5412.3) == "3"


def test_bytes_are_shown_in_mebibytes() -> None:
    assert measure("memory/train_peak_bytes").format(3 * 2**20) == "3.000"
    assert measure("memory/train_peak_bytes").label == "training memory peak (MiB)"


def test_lists_and_counts_read_as_english() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert [counted(1, "run"), counted(0, "run"), counted(1000, "run")] == ["1 run", "0 runs", "1,000 runs"]


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
