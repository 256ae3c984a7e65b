"""One section of a report on runs made by hand, and its parts."""

from collections.abc import Callable, Sequence
from typing import Any

from attnbench.report.comparison.study import study_of
from attnbench.report.render.elements import Content, Figure, Table, Text
from attnbench.report.sources.runs import Run, Runs

Make = Callable[..., Run]
SPEED, DECODING = "speed/train_target_tokens_per_second", "speed/decode_target_tokens_per_second"
MEMORY = "memory/train_peak_bytes"


def shown(module: object, runs: Sequence[Run], **choices: Any) -> Content:
    content: Content = module.content(study_of(Runs.of("small", runs), **choices))  # type: ignore[attr-defined]
    return content


def texts(section: Content) -> list[str]:
    return [block.text for block in section if isinstance(block, Text)]


def table(section: Content, slug: str) -> Table[Any]:
    return next(block for block in section if isinstance(block, Table) and block.slug == slug)


def figures(section: Content) -> list[Figure]:
    return [block for block in section if isinstance(block, Figure)]


def seeds(make_run: Make, name: str, values: Sequence[float], **options: object) -> list[Run]:
    return [make_run(name, seed=seed, bleu=value, **options) for seed, value in enumerate(values, start=1)]


def column(table: Table[Any], key: str) -> list[object]:
    """A column of a table's CSV file."""
    return [record[key] for record in table.records]


def headers(table: Table[Any]) -> list[str]:
    return [field.header for field in table.fields]
