"""Speed: time per training step over windows that end with a loss read back, and the rate that the device reaches."""

import time
from collections.abc import Callable, Hashable

import numpy as np
from keras import ops

from attnbench import backend
from attnbench.measurement.disturbance import Stopwatch, candidates, counting, is_disturbed, mean_disturbance
from attnbench.measurement.quiet import Turnstile
from attnbench.records import Window
from attnbench.tensors import Tensor

WINDOW_SECONDS = 1.0
PRODUCTS = 5
CPU_SIZE, GPU_SIZE = 4096, 8192


class StepClock:
    """Adds steps up to windows of 1 s, some of which are quiet.

    A step's clock runs from asking for its batch; a window ends when the caller has read a loss back. Windows in which
    a shape was seen for the first time are dropped, and so is a window that the caller drops.

    Args:
        windows: of an earlier part of the run; new ones are appended.
        compiled: seconds of compilation in that part.
        turnstile: the run's; without one no window is quiet.
        now: seconds of a monotonic clock.

    Attributes:
        windows: those that were not dropped.
        steady: whether the last one was not: what comes next is probably compiled, and worth a quiet window.
    """

    def __init__(
        self,
        windows: list[Window] | None = None,
        *,
        compiled: float = 0.0,
        turnstile: Turnstile | None = None,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._now, self._compiled = now, compiled
        self._stopwatch = Stopwatch(now)
        self._shapes: dict[Hashable, list[float]] = {}
        self._turnstile = turnstile or Turnstile()
        self.windows = [] if windows is None else windows
        self.steady = False
        self.drop()

    def drop(self) -> None:
        """Opens a new window; the steps of the open one do not count, because something other than training follows."""
        self._steps, self._tokens, self._new_shape = 0, 0, False
        self._turnstile.end()

    def ask(self) -> None:
        """Call it before asking for a batch; before a window's first, it waits while another run measures."""
        if self._steps == 0:
            (self._turnstile.measure_if_due if self.steady else self._turnstile.pause)()
            self._stopwatch.start()
        self._asked = self._now()

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
        """Whether the window is long enough, or another run waits to measure; then read a loss back and `close`."""
        return self._stopwatch.seconds >= WINDOW_SECONDS or self._turnstile.awaited()

    def close(self) -> bool:
        """Ends the window and opens the next; True where it counts."""
        if self._steps == 0:
            return False
        self.steady = not self._new_shape
        if self.steady:
            self.windows.append(self._stopwatch.stop(self._steps, self._tokens, quiet=self._turnstile.quiet))
        self.drop()
        return self.steady

    @property
    def tokens_per_second(self) -> float | None:
        """Target tokens over the clock, all counting windows together; None before the first."""
        windows = counting(self.windows)
        if not windows:
            return None
        return sum(window.target_tokens for window in windows) / sum(window.seconds for window in windows)

    @property
    def seconds_per_step(self) -> float | None:
        """All windows together, whether they count or not; None before the first."""
        if not self.windows:
            return None
        return sum(window.seconds for window in self.windows) / sum(window.steps for window in self.windows)

    @property
    def disturbance(self) -> float | None:
        """See `mean_disturbance`; of the counting windows."""
        return mean_disturbance(counting(self.windows))

    def metrics(self) -> dict[str, float]:
        """The `speed/*` metrics of training steps; only that of compilation where there is no window."""
        metrics = {"speed/compile_seconds": self.compile_seconds}
        windows = counting(self.windows)
        if windows:
            milliseconds = [1000 * window.seconds / window.steps for window in windows]
            metrics["speed/train_target_tokens_per_second"] = float(self.tokens_per_second or 0)
            metrics["speed/train_step_ms_p50"] = float(np.percentile(milliseconds, 50))
            metrics["speed/train_step_ms_p95"] = float(np.percentile(milliseconds, 95))
        if self.disturbance is not None:
            metrics["speed/train_disturbance"] = self.disturbance
            metrics["speed/disturbed_windows"] = float(np.mean([*map(is_disturbed, candidates(self.windows))]))
        return metrics

    @property
    def compile_seconds(self) -> float:
        """First call less the median of the later ones, summed over shapes; a shape seen once counts in full."""
        steady = {shape: float(np.median(times[1:])) for shape, times in self._shapes.items() if times[1:]}
        extra = (max(0.0, times[0] - steady.get(shape, 0.0)) for shape, times in self._shapes.items())
        return self._compiled + sum(extra)


def matrix_rate(dtype: str, turnstile: Turnstile, products: int = PRODUCTS) -> float:
    """FLOP/s of the best of `products` of two square matrices, 4096 rows each (8192 on a GPU), in `dtype`.

    Other runs pause during each. It is what `speed/utilisation` compares a run's rate with.
    """
    size = GPU_SIZE if backend.device_name().startswith("GPU") else CPU_SIZE
    values = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    left = ops.cast(ops.convert_to_tensor(values), dtype)

    def multiply(left: Tensor) -> Tensor:
        return ops.matmul(left, left)

    product = backend.compiled(multiply, [])
    best = float("inf")
    for _ in range(products):
        turnstile.measure()
        began = time.perf_counter()
        backend.read(product(left)[0, 0])
        best = min(best, time.perf_counter() - began)
        turnstile.end()
    return 2 * size**3 / best
