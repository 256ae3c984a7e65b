"""The first columns of every table of variants: what the variant is."""

from collections.abc import Sequence

from attnbench.report.elements import Cell, Column
from attnbench.report.variants import Variant
from attnbench.report.wording import factor_name, factor_unit


def factor_columns(factors: Sequence[str]) -> tuple[Column, ...]:
    """A column a factor."""
    words = ("attention", "data", "backend", "precision")
    return tuple(Column(factor_name(key), factor_unit(key), numeric=key not in words) for key in factors)


def factor_cells(variant: Variant) -> tuple[Cell, ...]:
    """The factor values of a variant, the attention with its colour and marker."""
    return tuple(Cell(value, mechanism=value if key == "attention" else "") for key, value in variant.values.items())


def variant_cell(variant: Variant) -> Cell:
    """All factor values of a variant in one cell."""
    return Cell(variant.label, mechanism=variant.attention)
