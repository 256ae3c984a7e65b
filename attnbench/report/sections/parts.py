"""What BLEU is made of: n-gram precision and the brevity penalty, on the whole test set and by source length."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attnbench.metrics import metric_of
from attnbench.report.comparison.redrawn import parts_of
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant
from attnbench.report.render.elements import Cell, Content, Field, Table, Text
from attnbench.report.render.fields import factor_fields
from attnbench.scoring.bleu import brevity_penalty, corpus_bleu, length_ratio
from attnbench.scoring.length import BEYOND, WITHIN
from attnbench.wording import DASH, number

_BLEU = "test/bleu"
_NAMES = {_BLEU: "whole test set", WITHIN: "within the training limit", BEYOND: "beyond the training limit"}


@dataclass(frozen=True, eq=False)
class Parts:
    """One part of the test set as a variant translates it, means over its seeds."""

    variant: Variant
    name: str
    sentences: int
    bleu: float
    brevity: float
    length_ratio: float
    unfinished: float

    @property
    def precision(self) -> float:
        """The geometric mean of the n-gram precisions, 0-100: BLEU without the brevity penalty."""
        return self.bleu / self.brevity if self.brevity else 0.0


def content(study: Study) -> Content:
    """A table of the whole test set, within and beyond the limit, and one by length bucket."""
    parts = [part for variant in study.finished for part in parts_of_variant(variant)]
    if not parts:
        return "it needs the per-sentence statistics of the test set (sentences.csv)."
    explanation = (
        "BLEU is n-gram precision (geometric mean of the four orders) times the brevity penalty, which is below 1 "
        "where hypotheses are shorter than references. Variants of equal precision can differ in BLEU by length alone. "
        "A hypothesis is unfinished where no EOS came within 2 x source + 10 tokens."
    )
    named = [part for part in parts if part.name in _NAMES.values()]
    buckets = [part for part in parts if part.name not in _NAMES.values()]
    tables = [_table("parts", "What BLEU is made of, means over seeds", named, folded=False)]
    if buckets:
        tables.append(_table("parts-by-length", "What BLEU is made of, by source tokens", buckets, folded=True))
    return [Text(explanation), *tables]


def parts_of_variant(variant: Variant) -> list[Parts]:
    """Of each part of the test set that has enough sentences; none where a run's sentences are not at hand."""
    if any(run.sentences is None for run in variant.runs):
        return []
    first = parts_of(variant.runs[0])
    sums = [parts_of(run).sums(run.sentences[:, 1:]) for run in variant.runs if run.sentences is not None]
    unfinished = variant.metric("test/unfinished_hypotheses")
    found = []
    for key, part in first.parts.items():
        if key in _NAMES or part.high:
            rows = np.array([one[key] for one in sums])
            bleu, brevity, ratio = (
                float(np.mean(measure(rows))) for measure in (corpus_bleu, brevity_penalty, length_ratio)
            )
            whole = float(np.mean(unfinished)) if key == _BLEU and unfinished else float("nan")
            name = _NAMES.get(key, f"{part.low}{DASH}{part.high}")
            found.append(Parts(variant, name, part.sentences, bleu, brevity, ratio, whole))
    return found


def _table(slug: str, caption: str, parts: Sequence[Parts], *, folded: bool) -> Table[Parts]:
    def of(name: str, header: str, decimals: int) -> Field[Parts]:
        return Field(
            header,
            lambda part: Cell(number(getattr(part, name), decimals)),
            lambda part: {name: getattr(part, name)},
        )

    variants = list(dict.fromkeys(part.variant for part in parts))
    return Table(
        slug=slug,
        caption=caption,
        fields=(
            *(field.of(_variant) for field in factor_fields(variants)),
            Field("test sentences", lambda part: Cell(part.name), lambda part: {"part": part.name}, numeric=False),
            of("sentences", "sentences", 0),
            of("bleu", metric_of(_BLEU).name, 2),
            of("precision", "precision", 2),
            of("brevity", "brevity penalty", 3),
            of("length_ratio", "length ratio", 3),
            of("unfinished", "unfinished", 1),
        ),
        rows=parts,
        folded=folded,
    )


def _variant(part: Parts) -> Variant:
    return part.variant
