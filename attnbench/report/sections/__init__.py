"""The sections of the report, one file each; a new one is a file with `section(study)` and a line in `SECTIONS`."""

from collections.abc import Callable

from attnbench.report.comparison.study import Study
from attnbench.report.render.elements import Section
from attnbench.report.sections import (
    answer,
    caveats,
    choice,
    comparison,
    configs,
    cost,
    curves,
    definitions,
    length,
    maps,
    origin,
    significance,
    tradeoff,
)

SECTIONS: tuple[Callable[[Study], Section], ...] = (
    answer.section,
    caveats.section,
    choice.section,
    comparison.section,
    significance.section,
    length.section,
    cost.section,
    tradeoff.section,
    curves.section,
    maps.section,
    configs.section,
    definitions.section,
    origin.section,
)
"""In the order of the page."""
