"""The sections of the report, one file each; a new one is a file with `content(study)` and a line in `SECTIONS`."""

from collections.abc import Callable

from attnbench.report.comparison.study import Study
from attnbench.report.render.elements import Content
from attnbench.report.sections import (
    answer,
    caveats,
    choice,
    comparison,
    configs,
    cost,
    curves,
    definitions,
    differences,
    length,
    maps,
    origin,
    parts,
    phenomena,
    tradeoff,
)

SECTIONS: tuple[tuple[str, str, Callable[[Study], Content]], ...] = (
    ("answer", "The answer", answer.content),
    ("caveats", "Are the runs comparable?", caveats.content),
    ("choice", "Hyperparameters chosen on validation", choice.content),
    ("comparison", "Comparison", comparison.content),
    ("differences", "Differences", differences.content),
    ("parts", "What BLEU is made of", parts.content),
    ("length", "Quality by sentence length", length.content),
    ("phenomena", "By phenomenon", phenomena.content),
    ("cost", "Speed and memory against size", cost.content),
    ("tradeoff", "Quality against speed", tradeoff.content),
    ("curves", "Training curves", curves.content),
    ("maps", "Attention maps", maps.content),
    ("configs", "What differs between variants", configs.content),
    ("definitions", "What the numbers mean", definitions.content),
    ("origin", "Where the numbers come from", origin.content),
)
"""Slug, title and content, in the order of the page."""
