"""MLflow: one path sends a run folder's events there, live and later alike; another reads runs back for the report."""

from attnbench.tracking.address import absolute, check_uri, public
from attnbench.tracking.follow import following
from attnbench.tracking.forward import Forwarder
from attnbench.tracking.read import TrackedRun, read_runs
from attnbench.tracking.store import Store, StoreError, open_store

__all__ = [
    "Forwarder", "Store", "StoreError", "TrackedRun", "absolute", "check_uri", "following", "open_store", "public",
    "read_runs",
]  # fmt: skip
