"""The first columns of every table of variants: what the variant is."""

from collections.abc import Sequence

from attnbench.report.comparison.variants import Variant
from attnbench.report.render.elements import Cell, Column
from attnbench.report.render.wording import factor_name, factor_unit, factor_value


def factor_columns(factors: Sequence[str]) -> tuple[Column, ...]:
    """A column a factor."""
    words = ("attention", "data", "backend", "precision")
    return tuple(Column(factor_name(key), factor_unit(key), numeric=key not in words) for key in factors)


def factor_cells(variant: Variant) -> tuple[Cell, ...]:
    """The factor values of a variant, the attention with its colour and marker."""
    return tuple(Cell(value, mechanism=value if key == "attention" else "") for key, value in variant.values.items())


def value_cell(variant: Variant, factor: str) -> Cell:
    """One factor's value."""
    mechanism = variant.attention if factor == "attention" else ""
    return Cell(factor_value(factor, variant.values[factor]), mechanism=mechanism)


def others_cell(variant: Variant, factor: str) -> Cell:
    """The values of all other factors in one cell."""
    found = [factor_value(key, value) for key, value in variant.values.items() if key != factor]
    return Cell(" · ".join(found), mechanism=variant.attention if factor != "attention" else "")


def in_text(variant: Variant) -> str:
    """A variant in a sentence: `dot` with 128 units, limit 20 tokens."""
    return f"`{variant.attention}`{f' with {variant.setting}' if variant.setting else ''}"


def difference_in_text(variant: Variant, factor: str) -> str:
    """The value by which a variant of a pair differs, in a sentence."""
    if factor == "attention":
        return f"`{variant.attention}`"
    return f"itself with {factor_value(factor, variant.values[factor])}"
