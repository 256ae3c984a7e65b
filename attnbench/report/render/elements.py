"""What a section of the report is made of. Texts may hold `code` and **strong**, as in Markdown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.axes import Axes


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
    """A table cell.

    Attributes:
        text: what it says.
        detail: what it says below in smaller type, for example an interval.
        strong: whether it is set in bold.
        mechanism: the attention whose colour and marker stand before the text.
    """

    text: str
    detail: str = ""
    strong: bool = False
    mechanism: str = ""


@dataclass(frozen=True)
class Column:
    """A table column; neighbours of the same `group` share a heading above theirs.

    Attributes:
        header: what its cells are.
        unit: of their numbers.
        group: the heading above the header.
        numeric: whether cells are numbers, which stand right.
        prose: whether cells are texts that need several lines.
    """

    header: str
    unit: str = ""
    group: str = ""
    numeric: bool = True
    prose: bool = False


@dataclass(frozen=True)
class Table:
    """A table: `columns` and `rows` are for readers, `data` holds the unrounded values for the CSV file."""

    slug: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    data: pd.DataFrame
    folded: bool = False


@dataclass(frozen=True)
class Panel:
    """One set of axes, `width` x `height` in inches: `draw` draws into it."""

    title: str
    draw: Callable[[Axes], None]
    width: float = 4.4
    height: float = 3.0


@dataclass(frozen=True)
class Figure:
    """One or more panels with a shared legend; `mechanisms` are the attentions that it shows."""

    slug: str
    alt: str
    caption: str
    panels: tuple[Panel, ...]
    mechanisms: tuple[str, ...] = ()


Block = Text | Notice | Table | Figure


@dataclass(frozen=True)
class Section:
    """A section; one without its input has no blocks and says in `left_out` why."""

    slug: str
    title: str
    blocks: Sequence[Block] = field(default=())
    left_out: str = ""
