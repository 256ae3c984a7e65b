"""Numbers, options and metrics in words."""

import math
from dataclasses import dataclass

MINUS, DASH = "\u2212", "\u2013"

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

MIB = 2.0**20


@dataclass(frozen=True)
class Measure:
    """How a metric is shown: `value / divisor` with so many decimals, or with four significant digits where None."""

    key: str
    name: str
    unit: str = ""
    decimals: int | None = None
    divisor: float = 1.0

    def format(self, value: float, beside: float | None = None) -> str:
        """The value as text, without the unit; with as many decimals as `beside`, where that is given."""
        decimals = self.decimals
        if decimals is None and beside is not None:
            decimals = significant_decimals(beside / self.divisor)
        return number(value / self.divisor, decimals)

    @property
    def label(self) -> str:
        """Name and unit, for an axis."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


MEASURES = (
    Measure("test/bleu", "BLEU", "", 2),
    Measure("test/bleu_beam_K", "BLEU, beam", "", 2),
    Measure("test/chrf", "chrF", "", 2),
    Measure("test/perplexity", "perplexity", "", 3),
    Measure("length/bleu_within", "BLEU within the limit", "", 2),
    Measure("length/bleu_beyond", "BLEU beyond the limit", "", 2),
    Measure("length/extrapolation", "beyond ÷ within", "", 3),
    Measure("align/aer", "alignment error rate", "", 3),
    Measure("valid/bleu", "validation BLEU", "", 2),
    Measure("valid/loss", "validation loss", "nats/token", 3),
    Measure("train/loss", "training loss", "nats/token", 3),
    Measure("speed/train_target_tokens_per_second", "training speed", "target tokens/s"),
    Measure("speed/train_step_ms_p50", "training step", "ms"),
    Measure("speed/decode_target_tokens_per_second", "decoding speed", "target tokens/s"),
    Measure("memory/train_peak_bytes", "training memory peak", "MiB", None, MIB),
    Measure("model/parameters", "parameters", "", 0),
    Measure("model/attention_parameters", "in the attention", "", 0),
    Measure("model/context_parameters", "in the context kernels", "", 0),
    Measure("model/flops_per_target_token", "forward work", "MFLOP/target token", None, 1e6),
)
_BY_KEY = {measure.key: measure for measure in MEASURES}


def measure(key: str) -> Measure:
    """How the metric `key` is shown."""
    return _BY_KEY.get(key) or Measure(key, key)


def number(value: float, decimals: int | None = None) -> str:
    """A number for readers: commas between thousands, a true minus, a dash where there is none.

    Args:
        value: the number.
        decimals: digits behind the point; None gives four significant digits, and no fewer before the point.
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
    """A difference: always with its sign."""
    text = number(value, decimals)
    return text if text.startswith(MINUS) or not value > 0 else f"+{text}"


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


def listed(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def capitalised(text: str) -> str:
    """The text with its first letter large, the others as they are."""
    return text[:1].upper() + text[1:]


def counted(count: int, noun: str) -> str:
    """`1 run`, `3 runs`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
