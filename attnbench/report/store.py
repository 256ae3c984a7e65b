"""Runs read from an MLflow store, through `attnbench.tracking`, the only module that knows MLflow."""

from attnbench.report.runs import Runs


def read_store(uri: str, study: str | None = None) -> Runs:
    """The runs of `study`, or of the latest study, in the store at `uri`."""
    raise NotImplementedError
