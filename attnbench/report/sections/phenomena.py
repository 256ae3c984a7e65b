"""By phenomenon: how often each mechanism has right what makes a translation hard, where the data knows its trees."""

from attnbench.metrics import in_order
from attnbench.report.comparison.estimates import estimate_of
from attnbench.report.comparison.study import Study
from attnbench.report.render.elements import Content, Table, Text
from attnbench.report.render.fields import factor_fields, metric_field
from attnbench.scoring.measures import PHENOMENON
from attnbench.wording import listed


def content(study: Study) -> Content:
    """A table of the accuracy by phenomenon."""
    variants = [one for one in study.finished if any(key.startswith(PHENOMENON) for key in one.runs[0].metrics)]
    keys = in_order(key for one in variants for run in one.runs for key in run.metrics if key.startswith(PHENOMENON))
    if not keys:
        return "it needs runs on data that knows where a sentence shows which phenomenon (`data=grammar`)."
    kinds = dict.fromkeys(estimate_of(one, key).bounds.description for one in variants for key in keys)
    explanation = (
        "Share of the instances in the references that the hypotheses have right: every word of the instance stands at "
        "its place, between the words that the reference has around it. Agreement of verbs is divided by how many "
        "source words stand between the verb and the determiner that decides its number. Means over seeds; "
        f"{listed([kind for kind in kinds if kind])}."
    )
    fields = [*factor_fields(variants), *map(metric_field, keys)]
    return [Text(explanation), Table("phenomena", "Accuracy by phenomenon", fields, variants)]
