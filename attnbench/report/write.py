"""Builds a report and writes every file of it."""

import re
from pathlib import Path

from attnbench.records import Plan, write_atomically
from attnbench.records.files import record_json
from attnbench.records.tuned import FILE
from attnbench.report.comparison.maps import choose_maps
from attnbench.report.comparison.pairs import Scope
from attnbench.report.comparison.study import Study, study_of
from attnbench.report.render.drawing import FORMAT, draw
from attnbench.report.render.elements import Figure, Table
from attnbench.report.render.page import HTML, MARKDOWN, Document, render
from attnbench.report.render.style import styles
from attnbench.report.render.tables import to_csv, to_latex
from attnbench.report.sections import SECTIONS
from attnbench.report.sections.top import age, question, summary
from attnbench.report.sources.folders import read_planned
from attnbench.report.sources.runs import Runs
from attnbench.report.sources.saved import NAMES, files_of


def build(runs_dir: Path, plan: Path, output: Path) -> Path:
    """As `write`, of the runs in `runs_dir` that the plan in the file `plan` names."""
    return write(read_planned(runs_dir, Plan.read(plan)), output)


def write(
    runs: Runs, output: Path, *, select: str | None = None, over: str | None = None, scope: Scope | None = None
) -> Path:
    """Writes the report into the folder `output`, in place of an earlier one, and returns the path of index.html.

    `select` is the validation metric to choose on, `over` the option to choose over, `scope` the pairs to compare.

    Raises:
        ValueError: there is no finished run, the choice is not possible, or `output` cannot be written.
    """
    study = study_of(runs, metric=select, over=over, scope=scope)
    try:
        output.mkdir(parents=True, exist_ok=True)
        contents = _contents(study, runs)
        earlier = output / "report.md"
        text = earlier.read_text(encoding="utf-8") if earlier.exists() else ""
        # No table or figure that the report.md already there names outlives its report.
        for stale in {*NAMES, *re.findall(r"(?:tables|figures)/[\w-]+\.\w+", text)} - set(contents):
            (output / stale).unlink(missing_ok=True)
        for name, data in contents.items():
            write_atomically(output / name, data)
    except OSError as error:
        raise ValueError(
            f"The report cannot be written into {output}: {error.strerror}. Name a folder that can be written."
        ) from error
    return output / "index.html"


def _contents(study: Study, runs: Runs) -> dict[str, bytes]:
    """The content of every file, by its path in the report's folder."""
    sections = [(slug, title, content(study)) for slug, title, content in SECTIONS]
    blocks = [block for _, _, content in sections if not isinstance(content, str) for block in content]
    mechanisms = styles(study.mechanisms)
    drawings = {block.slug: draw(block, mechanisms) for block in blocks if isinstance(block, Figure)}
    maps = {run.run_id: entries for run, entries in choose_maps(study.finished).items() if entries}
    saved = files_of(runs, maps)
    document = Document(
        study.name, question(study), summary(study), age(study), sections, drawings, mechanisms, list(saved)
    )
    files = {"index.html": render(HTML, document), "report.md": render(MARKDOWN, document)}
    for table in (block for block in blocks if isinstance(block, Table)):
        files |= {f"tables/{table.slug}.csv": to_csv(table), f"tables/{table.slug}.tex": to_latex(table)}
    if study.selection is not None and study.selection.tuned is not None:
        files[FILE] = record_json(study.selection.tuned)
    return files | {f"figures/{slug}.{FORMAT}": drawing.file for slug, drawing in drawings.items()} | saved
