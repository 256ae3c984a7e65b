"""One section of a report on runs made by hand, and its parts."""

from collections.abc import Callable, Sequence
from typing import Any

from attnbench.report.comparison.study import study_of
from attnbench.report.render.elements import Figure, Section, Table, Text
from attnbench.report.sources.runs import Run, Runs

Make = Callable[..., Run]
SPEED, MEMORY = "speed/train_target_tokens_per_second", "memory/train_peak_bytes"


def shown(module: object, runs: Sequence[Run], **choices: str) -> Section:
    section: Section = module.section(study_of(Runs.of("small", runs), **choices))  # type: ignore[attr-defined]
    return section


def texts(section: Section) -> list[str]:
    return [block.text for block in section.blocks if isinstance(block, Text)]


def table(section: Section, slug: str) -> Table[Any]:
    return next(block for block in section.blocks if isinstance(block, Table) and block.slug == slug)


def figures(section: Section) -> list[Figure]:
    return [block for block in section.blocks if isinstance(block, Figure)]


def seeds(make_run: Make, name: str, values: Sequence[float], **options: object) -> list[Run]:
    return [make_run(name, seed=seed, bleu=value, **options) for seed, value in enumerate(values, start=1)]


def column(table: Table[Any], key: str) -> list[object]:
    """A column of a table's CSV file."""
    return [record[key] for record in table.records]


def headers(table: Table[Any]) -> list[str]:
    return [field.header for field in table.fields]
