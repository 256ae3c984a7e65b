"""In which options variants differ, what they share, and how many parameters each has."""

from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant, is_procedure
from attnbench.report.render.elements import Content, Field, Table, Text
from attnbench.report.render.fields import factor_fields, metric_field, text_field
from attnbench.wording import DASH, counted

_SIZES = (
    "model/parameters",
    "model/attention_parameters",
    "model/context_parameters",
    "model/flops_per_target_token",
)


def content(study: Study) -> Content:
    """The options that differ with each variant's size, and the shared ones folded away."""
    variants = study.finished or tuple(variant for variant in study.profiles if variant.runs)
    runs = [run for variant in variants for run in variant.runs]
    options = sorted({key for run in runs for key in run.params if key != "seed" and not is_procedure(key)})
    values = {key: {run.params.get(key, DASH) for run in runs} for key in options}
    shared = [(key, *values[key]) for key in options if len(values[key]) == 1]
    named = {*variants[0].values, *(study.selection.over if study.selection else ())}
    differing = [key for key in options if len(values[key]) > 1 and key not in named]
    explanation = (
        "Besides the factors that name a variant, these options differ, most of them because a preset of `attention` "
        "sets them. "
        if differing
        else "Variants differ in nothing but the factors that name them. "
    )
    sizes = [key for key in _SIZES if any(variant.metric(key) for variant in variants)]
    differences = Table(
        slug="configs",
        caption="Options that differ, and the size of each model",
        fields=(
            *factor_fields(variants),
            *(_option_field(key) for key in differing),
            *(metric_field(key, group="size") for key in sizes),
        ),
        rows=variants,
    )
    count = counted(len(shared), "option")
    shared_options = Table(
        slug="shared-options",
        caption=f"The {count} that all variants share",
        fields=(
            text_field("option", lambda option: option[0], code=True),
            text_field("value", lambda option: option[1], prose=True),
        ),
        rows=shared,
        folded=True,
    )
    return [Text(f"{explanation}The other {count} are the same everywhere."), differences, shared_options]


def _option_field(key: str) -> Field[Variant]:
    """The option's value in a variant; several, where a selection over it left different ones to the seeds."""
    return text_field(
        key.removeprefix("attention."),
        lambda variant: ", ".join(dict.fromkeys(run.params.get(key, DASH) for run in variant.runs)),
        key=key,
        group="options",
    )
