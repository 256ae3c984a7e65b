"""Numbers, counts and lists as readers see them."""

import pytest

from attnbench.wording import MINUS, counted, listed, number, probability, signed, visible


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


def test_lists_and_counts_read_as_english() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert [counted(1, "run"), counted(0, "run"), counted(1000, "run")] == ["1 run", "0 runs", "1,000 runs"]


def test_a_probability_has_as_many_digits_as_it_deserves() -> None:
    values = (0.5, 0.0123, 0.00456, 0.00001, 0.0, float("nan"))
    assert [probability(p) for p in values] == ["0.500", "0.012", "0.0046", "< 0.0001", "< 0.0001", "–"]


def test_control_characters_have_symbols() -> None:
    assert visible("a\tb\x1b\x7f\x85\uffff\u4e2d") == "a\u2409b\u241b\u2421\ufffd\ufffd\u4e2d"
