"""The Pareto front of quality and speed."""

from collections.abc import Sequence

import numpy as np

from attnbench.report.comparison.estimates import estimate_of
from attnbench.report.comparison.variants import Variant


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of the points (higher is better in both) that no other point dominates."""
    array = np.asarray(points, dtype=np.float64)
    return [
        index
        for index, point in enumerate(array)
        if not np.any(np.all(array >= point, axis=1) & np.any(array > point, axis=1))
    ]


def on_front(variants: Sequence[Variant], quality: str, speed: str) -> list[Variant]:
    """The variants that no other one dominates in the metrics `quality` and `speed`; those without either are out."""
    measured = [variant for variant in variants if variant.metric(quality) and variant.metric(speed)]
    points = [(estimate_of(variant, speed).value, estimate_of(variant, quality).value) for variant in measured]
    return [measured[index] for index in pareto_front(points)]
