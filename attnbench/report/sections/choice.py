"""What was chosen on validation, among which candidates."""

import pandas as pd

from attnbench.metrics import metric_of
from attnbench.report.comparison.selection import Candidates, Selection
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant, is_profile
from attnbench.report.render.elements import Cell, Column, Section, Table, Text
from attnbench.report.render.wording import capitalised, factor_name
from attnbench.report.sources.runs import natural
from attnbench.wording import DASH


def section(study: Study) -> Section:
    """A row a variant and seed, a column a candidate, the chosen one in bold."""
    selection = study.selection
    title = "Choice on validation"
    if selection is None:
        reason = "nothing was chosen. `select=valid/bleu over=OPTION` picks a value for each variant and seed."
        return Section("choice", title, left_out=reason)
    known = metric_of(selection.metric)
    explanation = (
        f"For each variant and seed, the `{selection.over}` with the {known.direction.superlative} {known.name} of the "
        "kept weights was chosen. The test set had no part in the choice. Every other section shows only the chosen "
        "runs; `runs.csv` holds all of them."
    )
    return Section("choice", title, [Text(explanation), _table(study, selection)])


def _table(study: Study, selection: Selection) -> Table:
    values = sorted({run.params.get(selection.over, "") for run in study.runs if not is_profile(run)}, key=natural)
    groups = {group.chosen.run_id: group for group in selection.groups}
    rows = [(variant, groups[run.run_id]) for variant in study.finished for run in variant.runs]
    return Table(
        slug="choice",
        caption=f"{capitalised(metric_of(selection.metric).name)} of each candidate; chosen in bold",
        columns=(
            Column("variant", numeric=False),
            Column("seed"),
            *(Column(value, group=factor_name(selection.over)) for value in values),
        ),
        rows=tuple(_row(variant, group, values, selection.metric) for variant, group in rows),
        data=pd.DataFrame(
            [
                variant.values
                | {"seed": run.seed, selection.over: value, selection.metric: score, "chosen": run is group.chosen}
                for variant, group in rows
                for value, score, run in group.scores
            ]
        ),
    )


def _row(variant: Variant, group: Candidates, values: list[str], metric: str) -> tuple[Cell, ...]:
    scores = {value: (score, run is group.chosen) for value, score, run in group.scores}
    cells = (
        Cell(metric_of(metric).format(scores[value][0]), strong=scores[value][1]) if value in scores else Cell(DASH)
        for value in values
    )
    return Cell(variant.label, mechanism=variant.attention), Cell(str(group.chosen.seed)), *cells
