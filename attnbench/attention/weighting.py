"""How scores become weights: a scale, then a weighting over the tokens of the source."""

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


class Softmax:
    """weights_s = exp(score_s) ÷ Σ exp(score) over the tokens of the source.

    Exactly zero on padding, and everywhere in a sentence that is all padding.
    """

    def __call__(self, scores: Tensor, mask: Tensor) -> Tensor:
        """Scores to weights.

        Args:
            scores: (..., source), any float type; the sums are taken in float32 at least.
            mask: (..., source), True where there is a token; as many axes as `scores`.

        Returns:
            weights (..., source) in the type of `scores`.
        """
        wide = scores if scores.dtype in ("float32", "float64") else ops.cast(scores, "float32")
        weights = ops.softmax(ops.where(mask, wide, ops.cast(-1e30, wide.dtype)), axis=-1)
        weights = ops.where(mask, weights, ops.cast(0, wide.dtype))
        return ops.cast(weights, scores.dtype)
