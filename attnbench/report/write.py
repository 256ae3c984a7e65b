"""Builds a report and writes every file of it."""

import re
from pathlib import Path

from attnbench.records import Plan, write_atomically
from attnbench.report.comparison.maps import choose_maps
from attnbench.report.comparison.study import Study, study_of
from attnbench.report.render.drawing import FORMAT, draw
from attnbench.report.render.elements import Figure, Table
from attnbench.report.render.page import Document, to_html, to_markdown_page
from attnbench.report.render.style import styles
from attnbench.report.render.tables import to_csv, to_latex
from attnbench.report.sections import SECTIONS
from attnbench.report.sections.top import age, summary
from attnbench.report.sources.folders import read_all, read_planned
from attnbench.report.sources.runs import Runs
from attnbench.report.sources.saved import NAMES, files_of


def build(
    runs_dir: Path, plan: Path | None, output: Path, *, select: str | None = None, over: str | None = None
) -> Path:
    """Writes the report of the runs of a plan.

    Args:
        runs_dir: the folder that holds the run folders.
        plan: the frozen plan whose runs are reported; None for every run in `runs_dir`.
        output: the folder to write into.
        select: the validation metric to choose on.
        over: the option to choose over.

    Returns:
        The path of index.html.

    Raises:
        ValueError: there is no finished run, the choice is not possible, or `output` cannot be written.
    """
    runs = read_all(runs_dir) if plan is None else read_planned(runs_dir, Plan.read(plan))
    return write(runs, output, select=select, over=over)


def write(runs: Runs, output: Path, *, select: str | None = None, over: str | None = None) -> Path:
    """As `build`, of runs that have been read already."""
    study = study_of(runs, metric=select, over=over)
    try:
        output.mkdir(parents=True, exist_ok=True)
        content = contents(study, runs)
        for stale in (_written_before(output) | set(NAMES)) - set(content):
            (output / stale).unlink(missing_ok=True)
        for name, data in content.items():
            write_atomically(output / name, data)
    except OSError as error:
        raise ValueError(
            f"The report cannot be written into {output}: {error.strerror}. Name a folder that can be written."
        ) from error
    return output / "index.html"


def _written_before(output: Path) -> set[str]:
    """The tables and figures that the report.md already there names, so that none of them outlives its report."""
    page = output / "report.md"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return set(re.findall(r"(?:tables|figures)/[\w-]+\.\w+", text))


def contents(study: Study, runs: Runs) -> dict[str, bytes]:
    """The content of every file, by its path in the report's folder."""
    sections = [module.section(study) for module in SECTIONS]
    blocks = [block for section in sections for block in section.blocks]
    mechanisms = styles(study.mechanisms)
    drawings = {block.slug: draw(block, mechanisms) for block in blocks if isinstance(block, Figure)}
    maps = {run.run_id: entries for run, entries in choose_maps(study.finished).items() if entries}
    saved = files_of(runs, maps)
    document = Document(study.name, summary(study), age(study), sections, drawings, mechanisms, list(saved))
    files = {"index.html": to_html(document), "report.md": to_markdown_page(document)}
    for table in (block for block in blocks if isinstance(block, Table)):
        files |= {f"tables/{table.slug}.csv": to_csv(table), f"tables/{table.slug}.tex": to_latex(table)}
    return files | {f"figures/{slug}.{FORMAT}": drawing.file for slug, drawing in drawings.items()} | saved
