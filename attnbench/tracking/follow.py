"""Sends a run's events to MLflow while it is at work, from a thread that sleeps most of the time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from attnbench.records import DamagedError, RunFolder
from attnbench.tracking.forward import Forwarder
from attnbench.tracking.store import Store, StoreError

if TYPE_CHECKING:
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

_POLL_SECONDS = 1.0


@contextmanager
def following(folder: RunFolder, store: Store, *, system_metrics: bool, system_seconds: float = 10.0) -> Iterator[None]:
    """Forwards what the body's run writes, about once a second, and when the body ends the rest.

    A store that has failed to answer is not asked for a while; nothing is lost. `system_metrics` logs MLflow's
    machine-wide means meanwhile, one every `system_seconds`.
    """
    ended = threading.Event()

    def follow() -> None:
        forwarder, monitor = Forwarder(folder, store), None
        while not ended.wait(_POLL_SECONDS):
            with suppress(StoreError, DamagedError, OSError):
                run_id = forwarder.forward(finalize=False)
                if system_metrics and monitor is None and run_id is not None:
                    monitor = _monitor(run_id, store.uri, system_seconds)
        if monitor is not None:
            monitor.finish()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        # The store has warned, and the sweep names a damaged run in the end; the events stay in the folder.
        with suppress(StoreError, DamagedError, OSError):
            Forwarder(folder, store).forward(finalize=True)


def _monitor(run_id: str, uri: str, interval_seconds: float) -> "SystemMetricsMonitor":
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor = SystemMetricsMonitor(run_id, sampling_interval=interval_seconds, resume_logging=True, tracking_uri=uri)
    monitor.start()
    return monitor
