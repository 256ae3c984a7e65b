"""Whether training had come to its end: its best validation score lies before its last evaluation."""

from attnbench.metrics import metric_of
from attnbench.report.comparison.variants import Variant
from attnbench.report.sources.runs import Run


def unconverged(run: Run) -> bool:
    """Whether the last evaluation was the best one by the run's stopping metric, so that more epochs may give more.

    False where the run has no history of that metric, or a single evaluation of it.
    """
    sign = metric_of(_stopping_metric(run)).direction.sign
    scores = [sign * score for _, score in run.histories.get(_stopping_metric(run), ())]
    return len(scores) > 1 and scores[-1] > max(scores[:-1])


def has_history(run: Run) -> bool:
    """Whether the run's evaluations are at hand, so that `unconverged` can tell."""
    return bool(run.histories.get(_stopping_metric(run)))


def converged(variant: Variant) -> bool:
    """Whether no run of the variant is `unconverged`."""
    return not any(map(unconverged, variant.runs))


def _stopping_metric(run: Run) -> str:
    return run.params.get("training.early_stopping.metric", "valid/bleu")
