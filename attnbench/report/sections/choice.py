"""What was chosen on validation, among which candidates, and what a smaller budget would have found."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from attnbench.metrics import Metric, metric_of
from attnbench.records.tuned import FILE
from attnbench.report.comparison.selection import Candidates, Selection, Values, expected_best
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant
from attnbench.report.options import option_name
from attnbench.report.render.elements import Block, Cell, Content, Field, Figure, Panel, Table, Text
from attnbench.report.render.style import Style, line
from attnbench.report.sources.runs import natural
from attnbench.wording import counted, listed

Variants = Mapping[Candidates, Variant]


def content(study: Study) -> Content:
    """A row a variant, a column a candidate, the chosen one in bold; and the expected best score by budget."""
    selection = study.selection
    if selection is None:
        return _taken_over(study)
    metric = metric_of(selection.metric)
    variants = {
        group: next(variant for variant in study.finished if group.chosen[0] in variant.runs)
        for group in selection.groups
    }
    candidates = sorted({values for group in selection.groups for values in group.scores}, key=_in_order)
    seeds = {len(scores) for group in selection.groups for scores in group.scores.values()}
    over = listed([f"`{key}`" for key in selection.over])
    counts = " or ".join(counted(count, "seed") for count in sorted(seeds))
    explanation = (
        f"For each variant, the {over} with the {metric.direction.superlative} {metric.name} of the kept weights was "
        f"chosen among {counted(len(candidates), 'candidate')}, by the mean over {counts}. The test set had no part in "
        "the choice. Every other section shows only the chosen runs; `runs.csv` holds all of them."
    )
    texts = [explanation]
    if selection.tuned is not None:
        texts.append(
            f"`{FILE}` beside this report holds the choice: `python -m attnbench -m attention=... seed=... tuned=FILE` "
            "trains each mechanism with its own values, on seeds that had no part in the choice."
        )
    blocks: list[Block] = [Text(text) for text in texts]
    if len(candidates) > 1:
        blocks.append(_budget(selection, variants))
    fields = [_variant_field(variants), *(_candidate(values, selection, metric) for values in candidates)]
    caption = f"The {metric.name} of each candidate; chosen in bold"
    return [*blocks, Table("choice", caption, fields, list(variants))]


def _taken_over(study: Study) -> Content:
    files = {run.params["tuned"] for run in study.compared if run.params.get("tuned", "None") != "None"}
    if files:
        named = listed([f"`{file}`" for file in sorted(files)])
        return [Text(f"Each mechanism trained with the options that were chosen for it in {named}.")]
    return "nothing was chosen. `select=valid/bleu over=OPTION` chooses a value for each variant."


def _in_order(values: Values) -> list[object]:
    return [natural(value) for value in values]


def _variant_field(variants: Variants) -> Field[Candidates]:
    return Field(
        "variant",
        lambda group: Cell(variants[group].label, mechanism=variants[group].attention),
        lambda group: variants[group].values,
        numeric=False,
    )


def _candidate(values: Values, selection: Selection, metric: Metric) -> Field[Candidates]:
    """The mean score of the candidate with these values of the options."""

    def score(group: Candidates) -> float:
        return group.means().get(values, float("nan"))

    return Field(
        header=", ".join(values),
        cell=lambda group: Cell(metric.format(score(group)), strong=selection.values(group.chosen[0]) == values),
        values=lambda group: {f"{metric.key} at {', '.join(values)}": score(group)},
        group=", ".join(option_name(key) for key in selection.over),
    )


def _budget(selection: Selection, variants: Variants) -> Figure:
    """Expected validation performance (Dodge et al. 2019)."""
    metric = metric_of(selection.metric)
    sign = metric.direction.sign
    curves = [
        (variant, sign * expected_best([sign * score for score in group.means().values()]))
        for group, variant in variants.items()
    ]
    spoken = ". ".join(
        f"{variant.label}: {metric.format(curve[0])} with 1, {metric.format(curve[-1])} with {len(curve)}"
        for variant, curve in curves
    )
    return Figure(
        slug="budget",
        alt=f"Expected best {metric.name} against the number of candidates tried. {spoken}.",
        caption=f"Expected best {metric.name} of so many candidates drawn at random from the grid (Dodge et al. 2019): "
        "what a smaller budget for tuning would have found.",
        panels=[Panel("", partial(_draw, curves, metric.label), 5.4)],
        mechanisms={variant.attention for variant in variants.values()},
    )


def _draw(curves: Sequence[tuple[Variant, np.ndarray]], label: str, axes: Axes, styles: Mapping[str, Style]) -> None:
    for variant, curve in curves:
        axes.plot(range(1, len(curve) + 1), curve, **line(styles[variant.attention]))
    axes.set_xlabel("candidates tried")
    axes.set_ylabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
