"""What a section of the report is made of. Texts may hold `code` and **strong**, as in Markdown."""

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from matplotlib.axes import Axes

from attnbench.report.render.style import Style

Row = TypeVar("Row")
Other = TypeVar("Other")


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Notice:
    """Things that the reader must know before believing a number, one a line."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """A cell: its text, a detail below it in smaller type, and the attention whose colour and marker precede it."""

    text: str
    detail: str = ""
    strong: bool = False
    mechanism: str = ""


@dataclass(frozen=True)
class Field(Generic[Row]):
    """A column of a table, and its columns of the CSV file; neighbours of the same `group` share a heading.

    Attributes:
        header: what its cells are.
        cell: what a row shows.
        values: a row's unrounded values, by name of the CSV column.
        unit: of its numbers.
        group: the heading above the header.
        numeric: whether cells are numbers, which are aligned right.
        prose: whether cells are texts that need several lines.
    """

    header: str
    cell: Callable[[Row], Cell]
    values: Callable[[Row], Mapping[str, object]]
    unit: str = ""
    group: str = ""
    numeric: bool = True
    prose: bool = False

    def of(self, row: Callable[[Other], Row]) -> "Field[Other]":
        """The same field in a table of other rows, from each of which `row` takes what this field shows."""
        return Field(
            self.header,
            lambda other: self.cell(row(other)),
            lambda other: self.values(row(other)),
            self.unit,
            self.group,
            self.numeric,
            self.prose,
        )

    @property
    def heading(self) -> str:
        """The header with its unit."""
        return f"{self.header} ({self.unit})" if self.unit else self.header


@dataclass(frozen=True)
class Table(Generic[Row]):
    """A table of `rows`; its header, cells, CSV and TeX all follow from `fields`."""

    slug: str
    caption: str
    fields: Sequence[Field[Row]]
    rows: Sequence[Row]
    folded: bool = False

    @property
    def cells(self) -> list[list[Cell]]:
        """What readers see, row by row."""
        return [[column.cell(row) for column in self.fields] for row in self.rows]

    @property
    def records(self) -> list[dict[str, object]]:
        """The unrounded values of each row, by name of the CSV column."""
        return [
            {key: value for column in self.fields for key, value in column.values(row).items()} for row in self.rows
        ]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """The headings above the headers: text and number of columns; empty where no field has a group."""
        spans = [(name, len(list(members))) for name, members in itertools.groupby(one.group for one in self.fields)]
        return spans if any(name for name, _ in spans) else []


@dataclass(frozen=True)
class Panel:
    """One set of axes, `width` x `height` in inches; `draw` takes the style of each mechanism as well."""

    title: str
    draw: Callable[[Axes, Mapping[str, Style]], None]
    width: float = 4.4
    height: float = 3.0


@dataclass(frozen=True)
class Figure:
    """One or more panels with a shared legend of the `mechanisms`."""

    slug: str
    alt: str
    caption: str
    panels: Sequence[Panel]
    mechanisms: Collection[str] = ()


Block = Text | Notice | Table[Any] | Figure

Content = Sequence[Block] | str
"""The blocks of a section, or what input it lacks."""
