"""What every number means."""

from attnbench.metrics import definitions
from attnbench.report.comparison.study import Study
from attnbench.report.render.elements import Content, Table, Text
from attnbench.report.render.fields import text_field


def content(study: Study) -> Content:
    """The definitions of the metrics that these runs logged, as docs/reference.md has them."""
    metrics = definitions(key for run in study.runs for key in (*run.metrics, *run.histories))
    table = Table(
        slug="definitions",
        caption=f"The {len(metrics)} metrics of these runs",
        fields=(
            text_field("metric", lambda metric: metric.key, code=True),
            text_field("unit", lambda metric: metric.unit),
            text_field("better", lambda metric: metric.direction.value),
            text_field("meaning", lambda metric: metric.meaning, prose=True),
        ),
        rows=metrics,
    )
    return [Text("Source tokens are the pieces that the encoder reads, without EOS. Intervals are 95 %."), table]
