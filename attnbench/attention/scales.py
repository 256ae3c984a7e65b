"""Scales: what scores are multiplied with before they become weights."""

from keras import ops

from attnbench.attention.seeded import SeededLayer
from attnbench.tensors import Tensor


class Unscaled:
    """Scores as they are; the other scales derive from it."""

    def build(self, mechanism: SeededLayer) -> None:
        """Creates the weights of the scale, where it has any, as weights of the `mechanism` that it belongs to."""

    def __call__(self, scores: Tensor, units: int) -> Tensor:
        """Scales scores of any shape, which are sums over `units` products."""
        return scores


class SqrtUnits(Unscaled):
    """scores ÷ √units (Vaswani et al. 2017, section 3.2.1)."""

    def __call__(self, scores: Tensor, units: int) -> Tensor:
        """See `Unscaled`."""
        return scores * units**-0.5


class Learned(Unscaled):
    """scores times one scalar that is learned and starts at 1 (Luong's scaled variant in tensorflow/nmt)."""

    def build(self, mechanism: SeededLayer) -> None:
        """Creates the scalar."""
        self.factor = mechanism.add_weight((), "ones", name="scale_factor")

    def __call__(self, scores: Tensor, units: int) -> Tensor:
        """See `Unscaled`."""
        return scores * ops.cast(self.factor, scores.dtype)
