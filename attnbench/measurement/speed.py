"""Speed: time per training step over windows that end with a loss read back, and the rate that the device reaches."""

import time
from collections.abc import Callable, Hashable
from typing import NamedTuple

import numpy as np
from keras import ops

from attnbench import backend
from attnbench.tensors import Tensor

WINDOW_STEPS = 20
WINDOW_SECONDS = 1.0
PRODUCTS = 5
CPU_SIZE, GPU_SIZE = 4096, 8192


class Window(NamedTuple):
    """Steps timed together."""

    seconds: float
    steps: int
    target_tokens: int


class StepClock:
    """Adds steps up to windows of 20 steps or 1 s, whichever is longer.

    A step's clock runs from asking for its batch; a window ends when the caller has read a loss back. Windows in which
    a shape was seen for the first time are dropped, and so is a window that the caller drops.

    Args:
        windows: of an earlier part of the run; new ones are appended.
        compiled: seconds of compilation in that part.
        now: seconds of a monotonic clock.

    Attributes:
        windows: those that count.
    """

    def __init__(
        self,
        windows: list[Window] | None = None,
        *,
        compiled: float = 0.0,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._now, self._compiled = now, compiled
        self._shapes: dict[Hashable, list[float]] = {}
        self.windows = [] if windows is None else windows
        self.drop()

    def drop(self) -> None:
        """Opens a new window; the steps of the open one do not count, because something other than training follows."""
        self._steps, self._tokens, self._began, self._new_shape = 0, 0, self._now(), False

    def ask(self) -> None:
        """Call it before asking for a batch."""
        self._asked = self._now()
        if self._steps == 0:
            self._began = self._asked

    def step(self, shape: Hashable, target_tokens: int) -> None:
        """Call it when a step has been handed to the device.

        Args:
            shape: what the framework compiles for.
            target_tokens: unpadded target tokens of the batch.
        """
        self._new_shape = self._new_shape or shape not in self._shapes
        self._shapes.setdefault(shape, []).append(self._now() - self._asked)
        self._steps += 1
        self._tokens += target_tokens

    def full(self) -> bool:
        """Whether the window is long enough; then read a loss back and call `close`."""
        return self._steps >= WINDOW_STEPS and self._now() - self._began >= WINDOW_SECONDS

    def close(self) -> bool:
        """Ends the window and opens the next; True where it counts."""
        counts = self._steps > 0 and not self._new_shape
        if counts:
            self.windows.append(Window(self._now() - self._began, self._steps, self._tokens))
        self.drop()
        return counts

    @property
    def tokens_per_second(self) -> float | None:
        """Target tokens over the clock, all windows together; None before the first."""
        if not self.windows:
            return None
        return sum(window.target_tokens for window in self.windows) / sum(window.seconds for window in self.windows)

    @property
    def seconds_per_step(self) -> float | None:
        """All windows together; None before the first."""
        if not self.windows:
            return None
        return sum(window.seconds for window in self.windows) / sum(window.steps for window in self.windows)

    def metrics(self) -> dict[str, float]:
        """The `speed/*` metrics of training steps; only that of compilation where there is no window."""
        metrics = {"speed/compile_seconds": self.compile_seconds}
        if self.windows:
            milliseconds = [1000 * window.seconds / window.steps for window in self.windows]
            metrics["speed/train_target_tokens_per_second"] = float(self.tokens_per_second or 0)
            metrics["speed/train_step_ms_p50"] = float(np.percentile(milliseconds, 50))
            metrics["speed/train_step_ms_p95"] = float(np.percentile(milliseconds, 95))
        return metrics

    @property
    def compile_seconds(self) -> float:
        """First call less the median of the later ones, summed over shapes; a shape seen once counts in full."""
        steady = {shape: float(np.median(times[1:])) for shape, times in self._shapes.items() if times[1:]}
        extra = (max(0.0, times[0] - steady.get(shape, 0.0)) for shape, times in self._shapes.items())
        return self._compiled + sum(extra)


def matrix_rate(dtype: str, products: int = PRODUCTS) -> float:
    """FLOP/s of the best of `products` of two square matrices, 4096 rows each (8192 on a GPU), in `dtype`.

    It is what `speed/utilisation` compares a run's rate with.
    """
    size = GPU_SIZE if backend.device_name().startswith("GPU") else CPU_SIZE
    values = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    left = ops.cast(ops.convert_to_tensor(values), dtype)

    def multiply(left: Tensor) -> Tensor:
        return ops.matmul(left, left)

    product = backend.compiled(multiply, [])
    best = float("inf")
    for _ in range(products):
        began = time.perf_counter()
        backend.read(product(left)[0, 0])
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best
