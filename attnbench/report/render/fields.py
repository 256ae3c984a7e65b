"""The fields that tables share: names and values, what a variant is, and metrics with their intervals."""

from collections.abc import Callable, Sequence

from attnbench.metrics import Metric, metric_of
from attnbench.report.comparison.estimates import Bounds, Estimate, estimate_of
from attnbench.report.comparison.variants import Variant
from attnbench.report.options import is_numeric, option_name, option_unit
from attnbench.report.render.elements import Cell, Field, Row


def text_field(
    header: str,
    text: Callable[[Row], str],
    *,
    key: str = "",
    mechanism: Callable[[Row], str] = lambda _: "",
    group: str = "",
    code: bool = False,
    prose: bool = False,
) -> Field[Row]:
    """A field whose cells and values are the same texts; its CSV column is called `key`, or as the header."""
    return Field(
        header=header,
        cell=lambda row: Cell(f"`{text(row)}`" if code else text(row), mechanism=mechanism(row)),
        values=lambda row: {key or header: text(row)},
        group=group,
        numeric=False,
        prose=prose,
    )


def factor_fields(variants: Sequence[Variant]) -> list[Field[Variant]]:
    """A field a factor; the attention stands with its colour and marker."""
    return [_factor_field(key) for key in variants[0].values]


def _factor_field(key: str) -> Field[Variant]:
    return Field(
        header=option_name(key),
        cell=lambda variant: Cell(variant.values[key], mechanism=variant.attention if key == "attention" else ""),
        values=lambda variant: {key: variant.values[key]},
        unit=option_unit(key),
        numeric=is_numeric(key),
    )


def metric_field(key: str, *, header: str = "", group: str = "") -> Field[Variant]:
    """A metric's mean over seeds with what its seeds allow below it; bounds and their kind go into the CSV file."""
    metric = metric_of(key)
    return Field(
        header=header or metric.name,
        cell=lambda variant: estimate_cell(estimate_of(variant, key), metric),
        values=lambda variant: estimate_values(key, estimate_of(variant, key)),
        unit=metric.shown_unit,
        group=group,
    )


def estimate_values(key: str, estimate: Estimate) -> dict[str, object]:
    """The CSV columns of an estimate: its value, low, high, and what these bounds are."""
    return {
        key: estimate.value,
        f"{key}_low": estimate.low,
        f"{key}_high": estimate.high,
        f"{key}_bounds": estimate.bounds.description,
    }


def estimate_cell(estimate: Estimate, metric: Metric) -> Cell:
    """The value; below it the interval, or the second of two values, where seeds differ."""
    value, low, high = estimate.value, estimate.low, estimate.high
    if low == high or not estimate.bounded:
        return Cell(metric.format(value))
    if estimate.crossed is not None and not metric.on_ratio_scale:
        return Cell(metric.format(value), f"± {metric.format(high - value, value)}")
    if estimate.bounds is Bounds.BOTH_VALUES:
        return Cell(metric.format(low, value), metric.format(high, value))
    return Cell(metric.format(value), f"[{metric.format(low, value)}, {metric.format(high, value)}]")
