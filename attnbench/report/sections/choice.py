"""What was chosen on validation, among which candidates."""

from dataclasses import dataclass

from attnbench.metrics import Metric, metric_of
from attnbench.report.comparison.selection import Candidates, Selection
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant, is_profile
from attnbench.report.options import option_name
from attnbench.report.render.elements import Cell, Field, Section, Table, Text
from attnbench.report.sources.runs import natural

TITLE = "Hyperparameters chosen on validation"


@dataclass(frozen=True, eq=False)
class _Choice:
    """The candidates of one variant and seed."""

    variant: Variant
    candidates: Candidates

    def score(self, value: str) -> float:
        """The validation score of the candidate with this value of the option; NaN where there is none."""
        return next((score for other, score, _ in self.candidates.scores if other == value), float("nan"))

    def chose(self, value: str) -> bool:
        """Whether the candidate with this value was chosen."""
        return any(other == value and run is self.candidates.chosen for other, _, run in self.candidates.scores)


def section(study: Study) -> Section:
    """A row a variant and seed, a column a candidate, the chosen one in bold."""
    selection = study.selection
    if selection is None:
        missing = "nothing was chosen. `select=valid/bleu over=OPTION` chooses a value for each variant and seed."
        return Section("choice", TITLE, missing=missing)
    metric = metric_of(selection.metric)
    explanation = (
        f"For each variant and seed, the `{selection.over}` with the {metric.direction.superlative} {metric.name} of "
        "the kept weights was chosen. The test set had no part in the choice. Every other section shows only the "
        "chosen runs; `runs.csv` holds all of them."
    )
    return Section("choice", TITLE, [Text(explanation), _table(study, selection, metric)])


def _table(study: Study, selection: Selection, metric: Metric) -> Table[_Choice]:
    values = sorted({run.params.get(selection.over, "") for run in study.runs if not is_profile(run)}, key=natural)
    groups = {group.chosen.run_id: group for group in selection.groups}
    fields: list[Field[_Choice]] = [
        Field(
            "variant",
            lambda choice: Cell(choice.variant.label, mechanism=choice.variant.attention),
            lambda choice: choice.variant.values,
            numeric=False,
        ),
        Field(
            "seed",
            lambda choice: Cell(str(choice.candidates.chosen.seed)),
            lambda choice: {
                "seed": choice.candidates.chosen.seed,
                "chosen": choice.candidates.chosen.params.get(selection.over, ""),
            },
        ),
        *(_candidate_field(value, selection, metric) for value in values),
    ]
    return Table(
        slug="choice",
        caption=f"The {metric.name} of each candidate; chosen in bold",
        fields=fields,
        rows=[_Choice(variant, groups[run.run_id]) for variant in study.finished for run in variant.runs],
    )


def _candidate_field(value: str, selection: Selection, metric: Metric) -> Field[_Choice]:
    return Field(
        header=value,
        cell=lambda choice: Cell(metric.format(choice.score(value)), strong=choice.chose(value)),
        values=lambda choice: {f"{metric.key} at {value}": choice.score(value)},
        group=option_name(selection.over),
    )
