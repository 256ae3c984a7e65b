"""In which options variants differ, what they share, and how many parameters each has."""

from collections.abc import Sequence

import pandas as pd

from attnbench.metrics import metric_of
from attnbench.report.comparison.estimates import estimate_of
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant
from attnbench.report.render.elements import Block, Cell, Column, Section, Table, Text
from attnbench.report.render.naming import factor_cells, factor_columns
from attnbench.wording import DASH, counted

_PARAMETERS = (
    "model/parameters",
    "model/attention_parameters",
    "model/context_parameters",
    "model/flops_per_target_token",
)
_NOT_COMPARED = ("seed", "study", "dry_run", "rerun", "time_limit_minutes")


def section(study: Study) -> Section:
    """The options that differ beside each variant's size, and the shared ones folded away."""
    variants = study.finished or tuple(variant for variant in study.profiles if variant.runs)
    options = sorted({key for variant in variants for run in variant.runs for key in run.params} - set(_NOT_COMPARED))
    shared = {key: next(iter(found)) for key in options if len(found := _values(variants, key)) == 1}
    differing = [key for key in options if key not in shared and key not in variants[0].values]
    if study.selection:
        differing = [key for key in differing if key != study.selection.over]
    explanation = (
        "Beside what names a variant, these options differ, most of them because a preset of `attention` sets them. "
        if differing
        else "Variants differ in nothing but what names them. "
    )
    explanation += f"The other {counted(len(shared), 'option')} are the same everywhere."
    blocks: list[Block] = [Text(explanation), _table(variants, differing), _shared(shared)]
    return Section("configs", "What differs between variants", blocks)


def _values(variants: Sequence[Variant], key: str) -> set[str]:
    return {run.params.get(key, DASH) for variant in variants for run in variant.runs}


def _value(variant: Variant, key: str) -> str:
    """The option's value in a variant; several, where a selection over it left different ones to the seeds."""
    return ", ".join(dict.fromkeys(run.params.get(key, DASH) for run in variant.runs))


def _table(variants: Sequence[Variant], differing: Sequence[str]) -> Table:
    counts = [key for key in _PARAMETERS if any(variant.metric(key) for variant in variants)]
    return Table(
        slug="configs",
        caption="Options that differ, and the size of each model",
        columns=(
            *factor_columns(tuple(variants[0].values)),
            *(Column(key.removeprefix("attention."), group="options", numeric=False) for key in differing),
            *(Column(metric_of(key).name, metric_of(key).shown_unit, group="size") for key in counts),
        ),
        rows=tuple(
            (
                *factor_cells(variant),
                *(Cell(_value(variant, key)) for key in differing),
                *(Cell(metric_of(key).format(estimate_of(variant, key).value)) for key in counts),
            )
            for variant in variants
        ),
        data=pd.DataFrame(
            [
                variant.values
                | {key: _value(variant, key) for key in differing}
                | {key: estimate_of(variant, key).value for key in counts}
                for variant in variants
            ]
        ),
    )


def _shared(shared: dict[str, str]) -> Table:
    return Table(
        slug="shared-options",
        caption=f"The {counted(len(shared), 'option')} that all variants share",
        columns=(Column("option", numeric=False), Column("value", numeric=False, prose=True)),
        rows=tuple((Cell(f"`{key}`"), Cell(value)) for key, value in shared.items()),
        data=pd.DataFrame(shared.items(), columns=["option", "value"]),
        folded=True,
    )
