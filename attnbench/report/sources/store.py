"""Runs read from an MLflow store, through `attnbench.tracking`, the only part that knows MLflow."""

import math

from attnbench.config import FACTORS
from attnbench.report.sources.folders import with_files
from attnbench.report.sources.runs import Origin, Run, Runs, texts
from attnbench.tracking import StoreError, TrackedRun, public, read_runs
from attnbench.tracking.address import check_uri, sqlite_file

_LARGEST = 1.79e308
"""MLflow stores infinity as the largest number."""
_MACHINE = "system/"
"""MLflow's own machine-wide means, which say nothing of a run."""


def read_store(uri: str, study: str | None = None) -> Runs:
    """The newest run of each signature in `study`, or in the study of the newest run.

    Raises:
        ValueError: the store does not answer, has no runs, or has no such study.
    """
    check_uri(uri)
    file = sqlite_file(uri)
    if file is not None and not file.exists():
        raise ValueError(f"No MLflow store at {file}. Give --mlflow the address of one, or --runs DIR.")
    try:
        runs = read_runs(uri, study)
    except StoreError as error:
        raise ValueError(f"MLflow at {public(uri)} cannot be read: {error}. Start it, or give --runs DIR.") from error
    if not runs and study is None:
        raise ValueError(f"The MLflow store {public(uri)} has no runs. Train first: python -m attnbench.")
    return Runs.of(study or runs[0].tags["study"], [_run(tracked) for tracked in runs])


def _run(tracked: TrackedRun) -> Run:
    """A run has its tags from its first moment on, its params a little later."""
    tagged = {key: tracked.tags[key] for key in (*FACTORS, "study", "task")}
    logged = Run(
        run_id=tracked.name,
        status=tracked.status,
        signature=tracked.tags["signature"],
        params=texts(tagged | tracked.params),
        origin=Origin(tracked.tags.get("status_reason", "")),
        metrics={
            key: math.inf if value >= _LARGEST else value
            for key, value in tracked.metrics.items()
            if not key.startswith(_MACHINE)
        },
        histories={key: tuple(points) for key, points in tracked.histories.items()},
    )
    return with_files(logged, tracked.artifacts)
