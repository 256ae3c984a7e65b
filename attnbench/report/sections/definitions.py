"""What every number means."""

import pandas as pd

from attnbench.metrics import definitions
from attnbench.report.comparison.study import Study
from attnbench.report.render.elements import Cell, Column, Section, Table, Text


def section(study: Study) -> Section:
    """The definitions of the metrics that these runs logged, as the README has them."""
    shown = definitions(key for run in study.runs for key in (*run.metrics, *run.histories))
    return Section(
        "definitions",
        "What the numbers mean",
        [
            Text("Source tokens are the pieces that the encoder reads, without the end mark. Intervals are 95 %."),
            Table(
                slug="definitions",
                caption=f"The {len(shown)} metrics of these runs",
                columns=(
                    *(Column(name, numeric=False) for name in ("metric", "unit", "better")),
                    Column("meaning", numeric=False, prose=True),
                ),
                rows=tuple(
                    (Cell(f"`{metric.key}`"), Cell(metric.unit), Cell(metric.direction.value), Cell(metric.meaning))
                    for metric in shown
                ),
                data=pd.DataFrame(
                    [(metric.key, metric.unit, metric.direction.value, metric.meaning) for metric in shown],
                    columns=["metric", "unit", "better", "meaning"],
                ),
            ),
        ],
    )
