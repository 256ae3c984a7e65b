"""How a run tells what happens: events that stay, progress that is replaced."""

import json
import time
from collections.abc import Mapping

from attnbench.results import RunFolder

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
            if event["type"] == "metrics":
                self._last_steps |= dict.fromkeys(event["values"], event["step"])

    def should_stop(self) -> bool:
        """Whether the parent asked the run to stop, or died."""
        return self.stop_reason is not None

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Appends points of histories at an optimiser step."""
        fresh = {key: value for key, value in values.items() if step > self._last_steps.get(key, -1)}
        if fresh:
            self.folder.append("metrics", step=step, values=fresh)

    def progress(self, **facts: float | str | None) -> None:
        """Replaces progress.json, at most about twice a second."""
        now = time.monotonic()
        if now - self._shown < _PROGRESS_SECONDS:
            return
        self._shown = now
        temporary = self.folder.path / ".progress.json"
        temporary.write_text(json.dumps({key: value for key, value in facts.items() if value is not None}))
        temporary.replace(self.folder.progress)

    def artifacts(self, *names: str) -> None:
        """Says which files of the folder belong to the run's artifacts."""
        for name in names:
            self.folder.append("artifact", path=name)
