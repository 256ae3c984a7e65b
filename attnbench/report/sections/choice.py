"""What was chosen on validation, among which candidates."""

from attnbench.metrics import Metric, metric_of
from attnbench.report.comparison.selection import Candidates, Selection
from attnbench.report.comparison.study import Study
from attnbench.report.options import option_name
from attnbench.report.render.elements import Cell, Content, Field, Table, Text
from attnbench.report.sources.runs import natural


def content(study: Study) -> Content:
    """A row a variant and seed, a column a candidate, the chosen one in bold."""
    selection = study.selection
    if selection is None:
        return "nothing was chosen. `select=valid/bleu over=OPTION` chooses a value for each variant and seed."
    metric = metric_of(selection.metric)
    explanation = (
        f"For each variant and seed, the `{selection.over}` with the {metric.direction.superlative} {metric.name} of "
        "the kept weights was chosen. The test set had no part in the choice. Every other section shows only the "
        "chosen runs; `runs.csv` holds all of them."
    )
    groups = {group.chosen: group for group in selection.groups}
    variants = {groups[run]: variant for variant in study.finished for run in variant.runs}
    values = sorted({value for group in selection.groups for value in group.scores}, key=natural)
    fields: list[Field[Candidates]] = [
        Field(
            "variant",
            lambda group: Cell(variants[group].label, mechanism=variants[group].attention),
            lambda group: variants[group].values,
            numeric=False,
        ),
        Field(
            "seed",
            lambda group: Cell(str(group.chosen.seed)),
            lambda group: {"seed": group.chosen.seed, "chosen": group.chosen.params.get(selection.over, "")},
        ),
        *(_candidate(value, selection, metric) for value in values),
    ]
    caption = f"The {metric.name} of each candidate; chosen in bold"
    return [Text(explanation), Table("choice", caption, fields, list(variants))]


def _candidate(value: str, selection: Selection, metric: Metric) -> Field[Candidates]:
    """The score of the candidate with this value of the option."""

    def score(group: Candidates) -> float:
        return group.scores.get(value, float("nan"))

    return Field(
        header=value,
        cell=lambda group: Cell(
            metric.format(score(group)), strong=group.chosen.params.get(selection.over, "") == value
        ),
        values=lambda group: {f"{metric.key} at {value}": score(group)},
        group=option_name(selection.over),
    )
