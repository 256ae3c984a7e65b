"""The sections of the report, one file each; a new one is a file with `section(study)`, and its name twice below."""

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

SECTIONS = (
    answer,
    caveats,
    choice,
    comparison,
    significance,
    length,
    cost,
    tradeoff,
    curves,
    maps,
    configs,
    definitions,
    origin,
)
"""In the order of the page."""
