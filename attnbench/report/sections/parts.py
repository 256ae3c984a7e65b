"""What BLEU is made of: n-gram precision and the brevity penalty, on the whole test set and by source length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from attnbench.metrics import metric_of
from attnbench.records.sentences import STATISTICS
from attnbench.report.comparison.redrawn import parts_of
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant
from attnbench.report.render.elements import Cell, Content, Field, Table, Text
from attnbench.report.render.fields import factor_fields
from attnbench.scoring.bleu import brevity_penalty
from attnbench.scoring.length import BEYOND, WITHIN
from attnbench.scoring.measures import BLEU, Measure, measures_of
from attnbench.wording import DASH, number

_NAMES = {BLEU: "whole test set", WITHIN: "within the training limit", BEYOND: "beyond the training limit"}
_BREVITY, _PRECISION = "brevity", "precision"
_FIELDS = {
    BLEU: (metric_of(BLEU).name, 2),
    _PRECISION: ("precision", 2),
    _BREVITY: ("brevity penalty", 3),
    "test/length_ratio": ("length ratio", 3),
    "test/unfinished_hypotheses": ("unfinished", 1),
    "test/repeated_4grams": ("repeated 4-grams", 3),
    "test/exact_match": ("exact match", 3),
    "test/token_accuracy": ("token accuracy", 3),
}
"""The columns: header and decimals."""


@dataclass(frozen=True, eq=False)
class Parts:
    """One part of the test set as a variant translates it: the means over its seeds of what `_FIELDS` names."""

    variant: Variant
    name: str
    sentences: int
    values: Mapping[str, float]


def content(study: Study) -> Content:
    """A table of the whole test set, within and beyond the limit, and one by length bucket."""
    parts = [part for variant in study.finished for part in parts_of_variant(variant)]
    if not parts:
        return "it needs the per-sentence statistics of the test set (sentences.csv)."
    explanation = (
        "BLEU is n-gram precision (geometric mean of the four orders) times the brevity penalty, which is below 1 "
        "where hypotheses are shorter than references. Variants of equal precision can differ in BLEU by length alone. "
        "A hypothesis is unfinished where no EOS came within 2 x source + 10 tokens; a 4-gram is repeated where it "
        "stands earlier in the same hypothesis."
    )
    named = [part for part in parts if part.name in _NAMES.values()]
    buckets = [part for part in parts if part.name not in _NAMES.values()]
    tables = [_table("parts", "What BLEU is made of, means over seeds", named, folded=False)]
    if buckets:
        tables.append(_table("parts-by-length", "What BLEU is made of, by source tokens", buckets, folded=True))
    return [Text(explanation), *tables]


def parts_of_variant(variant: Variant) -> list[Parts]:
    """Of each part of the test set that has enough sentences; none where a run's sentences are not at hand."""
    runs = [(run, run.sentences) for run in variant.runs if run.sentences is not None]
    if len(runs) < len(variant.runs):
        return []
    run, columns = runs[0]
    parts = parts_of(columns, run).parts
    sums = [parts_of(columns, run).sums(columns) for run, columns in runs]
    measures = measures_of(set.intersection(*(set(columns) for _, columns in runs)))
    measures = {key: measure for key, measure in measures.items() if key in _FIELDS}
    measures[_BREVITY] = Measure(STATISTICS, brevity_penalty)
    found = []
    for key, part in parts.items():
        whole = part.sentences == parts[BLEU].sentences
        if key == BLEU or (key in _NAMES and not whole) or part.high:
            values = {name: float(np.mean([measure(one[key]) for one in sums])) for name, measure in measures.items()}
            values[_PRECISION] = values[BLEU] / values[_BREVITY] if values[_BREVITY] else 0.0
            name = _NAMES.get(key, f"{part.low}{DASH}{part.high}")
            found.append(Parts(variant, name, part.sentences, values))
    return found


def _table(slug: str, caption: str, parts: Sequence[Parts], *, folded: bool) -> Table[Parts]:
    variants = list(dict.fromkeys(part.variant for part in parts))
    return Table(
        slug=slug,
        caption=caption,
        fields=(
            *(field.of(_variant) for field in factor_fields(variants)),
            Field("test sentences", lambda part: Cell(part.name), lambda part: {"part": part.name}, numeric=False),
            Field(
                "sentences", lambda part: Cell(number(part.sentences, 0)), lambda part: {"sentences": part.sentences}
            ),
            *(_field(key) for key in _FIELDS if any(key in part.values for part in parts)),
        ),
        rows=parts,
        folded=folded,
    )


def _field(key: str) -> Field[Parts]:
    header, decimals = _FIELDS[key]
    return Field(
        header,
        lambda part: Cell(number(part.values.get(key, float("nan")), decimals)),
        lambda part: {key.rpartition("/")[2]: part.values.get(key)},
    )


def _variant(part: Parts) -> Variant:
    return part.variant
