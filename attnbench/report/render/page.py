"""The page and its Markdown twin, from the templates beside this file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jinja2
from markupsafe import Markup, escape

import attnbench
from attnbench.report.render.drawing import FORMAT, Drawing, colour_name, swatch
from attnbench.report.render.elements import Notice, Section
from attnbench.report.render.style import Style
from attnbench.report.render.tables import to_markdown


@dataclass(frozen=True)
class Document:
    """What the templates are filled with: what stands at the top, the sections, and what is written beside the page."""

    study: str
    summary: str
    notice: Notice | None
    sections: Sequence[Section]
    drawings: Mapping[str, Drawing]
    styles: Mapping[str, Style]
    files: Sequence[str]


def to_html(document: Document) -> bytes:
    """One self-contained page: style and figures are in it, and nothing is fetched."""
    return _render("page.html.jinja", document, autoescape=True)


def to_markdown_page(document: Document) -> bytes:
    """The same content for readers of the repository; figures are links to the files beside it."""
    return _render("page.md.jinja", document, autoescape=False)


def inline(text: str) -> Markup:
    """`code` and **strong** as HTML, everything else escaped."""
    safe = str(escape(text))
    safe = re.sub(r"`([^`]*)`", r"<code>\1</code>", safe)
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", safe))


def _render(template: str, document: Document, *, autoescape: bool) -> bytes:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("attnbench.report", "render"),
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {"inline": inline, "markdown": to_markdown}
    text = environment.get_template(template).render(
        document=document,
        version=attnbench.__version__,
        figure_format=FORMAT,
        colours={name: colour_name(name, document.styles) for name in document.styles},
        swatches={name: swatch(style) for name, style in document.styles.items()},
    )
    return text.encode()
