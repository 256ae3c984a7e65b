"""What a run reports while it lasts: events that stay, progress that is replaced."""

import time
from collections.abc import Mapping

from attnbench.records import MetricsEvent, Progress, RunFolder, Stopped

_PROGRESS_SECONDS = 0.5


class Reporter:
    """Writes events and progress into a run folder; knows whether the run was asked to stop.

    A resumed run repeats some optimiser steps; points that an earlier attempt has written are not written again.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.stop_reason: str | None = None
        self._shown = 0.0
        self._last_steps: dict[str, int] = {}
        for event in folder.read_events():
            if isinstance(event, MetricsEvent):
                self._last_steps |= dict.fromkeys(event.values, event.step)

    def should_stop(self) -> bool:
        """Whether the parent asked the run to stop, or died."""
        return self.stop_reason is not None

    def check_stop(self) -> None:
        """Raises Stopped if the run should stop."""
        if self.should_stop():
            raise Stopped

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Appends points of histories at an optimiser step."""
        fresh = {key: value for key, value in values.items() if step > self._last_steps.get(key, -1)}
        if fresh:
            self.folder.append(MetricsEvent(step, fresh))

    def progress(self, progress: Progress) -> None:
        """Replaces progress.json, at most about twice a second."""
        now = time.monotonic()
        if now - self._shown >= _PROGRESS_SECONDS:
            self._shown = now
            self.folder.progress.write(progress, durable=False)
