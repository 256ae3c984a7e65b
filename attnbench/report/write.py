"""Builds a report and writes every file of it."""

import re
from pathlib import Path

from attnbench.records import Plan, write_atomically
from attnbench.report.comparison.study import Study, study_of
from attnbench.report.render.drawing import draw
from attnbench.report.render.elements import Figure, Table
from attnbench.report.render.page import Document, to_html, to_markdown_page
from attnbench.report.render.tables import to_csv, to_latex
from attnbench.report.sections import SECTIONS
from attnbench.report.sections.maps import kept_maps
from attnbench.report.sources.folders import read_all, read_planned
from attnbench.report.sources.runs import Runs
from attnbench.report.sources.saved import files_of
from attnbench.wording import counted


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
        for stale in _written_before(output) - set(content):
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
    sections = [section(study) for section in SECTIONS]
    blocks = [block for section in sections for block in section.blocks]
    drawings = {block.slug: draw(block, study.looks) for block in blocks if isinstance(block, Figure)}
    document = Document(study.name, _summary(study), sections, drawings, study.looks)
    found = {"index.html": to_html(document), "report.md": to_markdown_page(document)}
    for table in (block for block in blocks if isinstance(block, Table)):
        found |= {f"tables/{table.slug}.csv": to_csv(table), f"tables/{table.slug}.tex": to_latex(table)}
    for slug, drawing in drawings.items():
        found |= {f"figures/{slug}.svg": drawing.svg, f"figures/{slug}.png": drawing.png}
    return found | files_of(runs, kept_maps(study))


def _summary(study: Study) -> str:
    """What was compared, in one line."""
    variants = study.variants or study.profiles
    mechanisms = list(dict.fromkeys(variant.attention for variant in variants))
    seeds = {run.seed for variant in variants for run in variant.runs}
    parts = [
        ", ".join(mechanisms),
        ", ".join(sorted({variant.data for variant in study.variants})),
        counted(len(variants), "variant"),
        counted(len(seeds), "seed"),
        f"{sum(run.finished for run in study.runs)} of {counted(len(study.runs), 'run')} finished",
    ]
    return " · ".join(part for part in parts if part)
