"""Numbers, counts and lists as readers see them, on the terminal and in the report."""

import math
import re
from collections.abc import Sequence

MINUS, DASH = "\u2212", "\u2013"


def number(value: float, decimals: int | None = None) -> str:
    """A number with commas between thousands, a true minus sign, and a dash in place of NaN.

    None `decimals` give four significant digits, and no fewer before the point.
    """
    if math.isnan(value):
        return DASH
    if math.isinf(value):
        return f"{MINUS if value < 0 else ''}∞"
    if decimals is None:
        decimals = significant_decimals(value)
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit in text for digit in "123456789")
    return f"{MINUS if negative else ''}{text}"


def significant_decimals(value: float) -> int:
    """Decimals that give `value` four significant digits, at most six."""
    return min(6, max(0, 3 - math.floor(math.log10(abs(value))))) if value else 0


def signed(value: float, decimals: int) -> str:
    """A difference, always with its sign."""
    text = number(value, decimals)
    return text if text.startswith(MINUS) or not value > 0 else f"+{text}"


def counted(count: int, noun: str) -> str:
    """`1 run`, `3 runs`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def visible(text: str) -> str:
    """`text` with control characters as their symbols, such as U+2409 for a tab: XML cannot hold them."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", lambda found: _symbol(ord(found[0])), text)


def _symbol(code: int) -> str:
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"


def probability(p: float) -> str:
    """A p-value, with four decimals where three would hide it."""
    if math.isnan(p):
        return DASH
    if p < 0.0001:
        return "< 0.0001"
    return f"{p:.4f}" if p < 0.01 else f"{p:.3f}"
