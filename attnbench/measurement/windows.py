"""Time per training step and tokens per second, over windows that end with a loss read back."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

WINDOW_STEPS = 20
WINDOW_SECONDS = 1.0


class StepClock:
    """Adds steps up to windows of 20 steps or 1 s, whichever is longer.

    A step's clock runs from asking for its batch; a window ends when the caller has read a loss back. Windows in which
    a shape was seen for the first time are dropped, and so is a window that the caller breaks off.

    Args:
        windows: kept windows of an earlier part of the run, (seconds, steps, target tokens); new ones are added.
        compiled: seconds of compilation in that part.
        now: seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        windows: list[tuple[float, int, int]] | None = None,
        *,
        compiled: float = 0.0,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._now, self._compiled = now, compiled
        self._shapes: dict[Any, list[float]] = {}
        self.windows = [] if windows is None else windows
        self._open()

    def _open(self) -> None:
        self._steps, self._tokens, self._began, self._spoiled = 0, 0, self._now(), False

    def ask(self) -> None:
        """Call it before asking for a batch."""
        self._asked = self._now()
        if self._steps == 0:
            self._began = self._asked

    def step(self, shape: Any, target_tokens: int) -> None:
        """Call it when a step has been handed to the device.

        Args:
            shape: what the framework compiles for.
            target_tokens: unpadded target tokens of the batch.
        """
        seconds = self._now() - self._asked
        self._spoiled = self._spoiled or shape not in self._shapes
        self._shapes.setdefault(shape, []).append(seconds)
        self._steps += 1
        self._tokens += target_tokens

    def full(self) -> bool:
        """Whether the window is long enough; then read a loss back and call `close`."""
        return self._steps >= WINDOW_STEPS and self._now() - self._began >= WINDOW_SECONDS

    def close(self) -> bool:
        """Ends the window and opens the next; True where it counts."""
        kept = self._steps > 0 and not self._spoiled
        if kept:
            self.windows.append((self._now() - self._began, self._steps, self._tokens))
        self._open()
        return kept

    def drop(self) -> None:
        """Forgets the open window, because something else than training follows."""
        self._open()

    @property
    def tokens_per_second(self) -> float | None:
        """Target tokens over the clock, all windows together; None before the first."""
        if not self.windows:
            return None
        return sum(tokens for _, _, tokens in self.windows) / sum(seconds for seconds, _, _ in self.windows)

    def metrics(self) -> dict[str, float]:
        """The `speed/*` keys that training steps decide; those without any window are absent."""
        found = {"speed/compile_seconds": self.compile_seconds}
        if self.windows:
            steps = [1000 * seconds / count for seconds, count, _ in self.windows]
            found["speed/train_target_tokens_per_second"] = float(self.tokens_per_second or 0)
            found["speed/train_step_ms_p50"] = float(np.percentile(steps, 50))
            found["speed/train_step_ms_p95"] = float(np.percentile(steps, 95))
        return found

    @property
    def compile_seconds(self) -> float:
        """First call less the median of the later ones, summed over shapes; a shape seen once counts whole."""
        steady = {shape: float(np.median(times[1:])) for shape, times in self._shapes.items() if times[1:]}
        extra = (max(0.0, times[0] - steady.get(shape, 0.0)) for shape, times in self._shapes.items())
        return self._compiled + sum(extra)
