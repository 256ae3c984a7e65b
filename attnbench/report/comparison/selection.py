"""`select=METRIC over=OPTIONS`: for each variant, the values of OPTIONS with the best mean on validation."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from attnbench.checks import check_choice, suggestion
from attnbench.metrics import HISTORIES, metric_of
from attnbench.records import Tuned
from attnbench.report.comparison.variants import factors_of, grouped, is_profile
from attnbench.report.sources.runs import Run, natural

SELECTABLE = tuple(key for key in HISTORIES if key.startswith("valid/"))
"""The metrics that a run may be selected on."""


Values = tuple[str, ...]
"""The values of the options that were chosen over."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """The runs of one variant: the scores of its seeds by candidate, and the runs of the chosen one."""

    scores: dict[Values, list[float]]
    chosen: tuple[Run, ...]

    def means(self) -> dict[Values, float]:
        """The mean over seeds of each candidate."""
        return {values: float(np.mean(scores)) for values, scores in self.scores.items()}


@dataclass(frozen=True, eq=False)
class Selection:
    """What was selected on which validation metric, over which options."""

    metric: str
    over: tuple[str, ...]
    groups: tuple[Candidates, ...]

    def values(self, run: Run) -> Values:
        """The values that a run has of the options."""
        return tuple(run.params.get(key, "") for key in self.over)

    @property
    def tuned(self) -> Tuned | None:
        """What a comparison with fresh seeds may take over; None unless each mechanism has one choice."""
        chosen = {group.chosen[0].params["attention"]: group.chosen[0] for group in self.groups}
        candidates = {frozenset(group.scores) for group in self.groups}
        if len(chosen) < len(self.groups) or len(candidates) > 1:
            return None
        options = {
            name: {key: _plain(value) for key, value in zip(self.over, self.values(run), strict=True)}
            for name, run in chosen.items()
        }
        seeds = sorted({run.seed for group in self.groups for run in group.chosen})
        return Tuned(self.metric, list(self.over), len(candidates.pop()), seeds, options)


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
    """Leaves, of the finished training runs that differ only in `over` and the seed, those with the best mean score.

    Profiles and unfinished runs stay. `over` are the keys of one or more options, with commas between.

    Raises:
        ValueError: `metric` may not be selected on, `over` was not varied, or a run lacks the metric.
    """
    check(metric, over)
    training = [run for run in runs if run.finished and not is_profile(run)]
    keys = tuple(over.split(","))
    for key in keys:
        if len(grouped(training, [key])) < 2:
            varied = [name for name in factors_of(training) if name != "attention"]
            differences = f"Varied: {', '.join(varied)}." if varied else "They differ only in attention and seed."
            raise ValueError(
                f"over={key} chooses nothing: the finished runs do not differ in this option. "
                f"{differences}{suggestion(key, varied)}"
            )
    groups = grouped(training, factors_of(training, ignored=keys)).values()
    candidates = tuple(_choose(members, metric, keys) for members in groups)
    chosen = {run.run_id for group in candidates for run in group.chosen}
    kept = tuple(run for run in runs if is_profile(run) or not run.finished or run.run_id in chosen)
    return kept, Selection(metric, keys, candidates)


def expected_best(scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The expected best score of 1 to N candidates that are drawn with replacement from N, `(N,)`; higher is better.

    E[max of n] = Σ v_i ((i / N)^n - ((i - 1) / N)^n) over the sorted scores v_1 <= ... <= v_N (Dodge et al. 2019,
    section 3.1).
    """
    ordered = np.sort(np.asarray(scores, dtype=np.float64))
    share = np.arange(len(ordered) + 1) / len(ordered)
    budgets = np.arange(1, len(ordered) + 1)[:, None]
    return np.asarray((share[1:] ** budgets - share[:-1] ** budgets) @ ordered)


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


def _choose(members: Sequence[Run], metric: str, over: Sequence[str]) -> Candidates:
    """The candidate with the best mean over the seeds that all candidates share, of equal ones the first."""
    groups = grouped(members, over)
    ordered = sorted(groups, key=lambda values: [natural(value) for value in values])
    shared = set.intersection(*({run.seed for run in runs} for runs in groups.values()))
    scores = {
        values: [kept_score(run, metric) for run in groups[values] if run.seed in shared or not shared]
        for values in ordered
    }
    best = max(ordered, key=lambda values: metric_of(metric).direction.sign * float(np.mean(scores[values])))
    return Candidates(scores, tuple(groups[best]))


def _plain(value: str) -> Any:
    """A param's text as the value that it was: a number, None, or a text."""
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
