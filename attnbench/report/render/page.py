"""The page and its Markdown twin, from the templates beside this file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jinja2
from markupsafe import Markup, escape

import attnbench
from attnbench.report.render.drawing import FORMAT, Drawing, colour_name, swatch
from attnbench.report.render.elements import Content, Notice
from attnbench.report.render.style import Style
from attnbench.report.render.tables import to_markdown

HTML, MARKDOWN = "page.html.jinja", "page.md.jinja"
"""One self-contained page that fetches nothing; the same content in the repository, its figures links to files."""


@dataclass(frozen=True)
class Document:
    """What the templates show: the top, slug, title and content of each section, and what is written beside the page.

    The HTML takes its style and figures into itself.
    """

    study: str
    question: str
    summary: str
    notice: Notice | None
    sections: Sequence[tuple[str, str, Content]]
    drawings: Mapping[str, Drawing]
    styles: Mapping[str, Style]
    files: Sequence[str]


def inline(text: str) -> Markup:
    """`code` and **strong** as HTML, everything else escaped."""
    safe = re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", safe))


def plain(text: object) -> object:
    """Markdown that holds no HTML: outside `code`, what would begin an element is escaped."""
    if not isinstance(text, str):
        return text
    return re.sub(r"(`[^`]*`)|<(?=[A-Za-z/!?])", lambda found: found[1] or "&lt;", text)


def render(template: str, document: Document) -> bytes:
    """The document as `HTML` or `MARKDOWN`."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("attnbench.report", "render"),
        autoescape=template == HTML,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        finalize=None if template == HTML else plain,
    )
    environment.filters |= {"inline": inline, "markdown": to_markdown}
    text = environment.get_template(template).render(
        document=document,
        shown=[section for section in document.sections if not isinstance(section[2], str)],
        not_shown=[section for section in document.sections if isinstance(section[2], str)],
        version=attnbench.__version__,
        figure_format=FORMAT,
        colours={name: colour_name(name, document.styles) for name in document.styles},
        swatches={name: swatch(style) for name, style in document.styles.items()},
    )
    return text.encode()
