"""`select=METRIC over=OPTION`: of the runs that differ only in OPTION, the one that was best on validation."""

from collections.abc import Sequence
from dataclasses import dataclass

from attnbench.checks import check_choice, suggestion
from attnbench.metrics import HISTORIES, metric_of
from attnbench.report.comparison.variants import factors_of, grouped, is_profile
from attnbench.report.sources.runs import Run, natural

SELECTABLE = tuple(key for key in HISTORIES if key.startswith("valid/"))
"""The metrics that a run may be selected on."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """The runs of one variant and seed: their scores by the option's value, and the chosen one."""

    scores: dict[str, float]
    chosen: Run


@dataclass(frozen=True, eq=False)
class Selection:
    """What was selected on which validation metric."""

    metric: str
    over: str
    groups: tuple[Candidates, ...]


def check(metric: str, over: str | None) -> None:
    """Raises ValueError unless `metric` may be selected on and `over` is given."""
    if metric.startswith("test/"):
        raise ValueError(
            f"select={metric} would choose on the test set, and the test result would then be too good. "
            f"Choose on validation: {' or '.join(f'select={key}' for key in SELECTABLE)}."
        )
    check_choice("select", metric, SELECTABLE)
    if not over:
        raise ValueError(
            f"select={metric} needs an option to choose over. "
            "Give over=OPTION, for example over=training.learning_rate."
        )


def select(runs: Sequence[Run], metric: str, over: str) -> tuple[tuple[Run, ...], Selection]:
    """Leaves, of the finished training runs that differ only in `over`, the best one; all other runs stay.

    Raises:
        ValueError: `metric` may not be selected on, `over` was not varied, or a run lacks the metric.
    """
    check(metric, over)
    training = [run for run in runs if run.finished and not is_profile(run)]
    varied = [key for key in factors_of(training) if key != "attention"]
    if len(grouped(training, [over])) < 2:
        differences = f"Varied: {', '.join(varied)}." if varied else "They differ only in attention and seed."
        raise ValueError(
            f"over={over} chooses nothing: the finished runs do not differ in this option. "
            f"{differences}{suggestion(over, varied)}"
        )
    groups = grouped(training, [*factors_of(training, ignored=[over]), "seed"]).values()
    candidates = tuple(_choose(members, metric, over) for members in groups)
    chosen = {group.chosen.run_id for group in candidates}
    kept = tuple(run for run in runs if is_profile(run) or not run.finished or run.run_id in chosen)
    return kept, Selection(metric, over, candidates)


def kept_score(run: Run, metric: str) -> float:
    """The validation score of the weights that the run kept: at the step that was best by its stopping metric.

    Raises:
        ValueError: the run has no history of the metric.
    """
    stopping = run.params.get("training.early_stopping.metric", metric)
    for key in (metric, stopping):
        if not run.histories.get(key):
            raise ValueError(
                f"Run {run.run_id} has no history of {key}, which select={metric} needs. "
                "Read it from its run folder or MLflow, or omit select."
            )
    sign = metric_of(stopping).direction.sign
    points, losses = (dict(run.histories.get(key, ())) for key in (metric, "valid/loss"))
    shared = [point for point in run.histories[stopping] if point[0] in points]
    step, _ = max(shared, key=lambda point: (sign * point[1], -losses.get(point[0], 0.0), -point[0]))
    return points[step]


def _choose(members: Sequence[Run], metric: str, over: str) -> Candidates:
    ordered = sorted(members, key=lambda run: natural(run.params.get(over, "")))
    scores = {run: kept_score(run, metric) for run in ordered}
    chosen = max(ordered, key=lambda run: metric_of(metric).direction.sign * scores[run])
    return Candidates({run.params.get(over, ""): scores[run] for run in (*ordered, chosen)}, chosen)
