"""Weightings: how scores become weights."""

from keras import ops

from attnbench.tensors import Tensor


class Softmax:
    """weights_s = exp(score_s) ÷ Σ exp(score) over the tokens of the source."""

    def __call__(self, scores: Tensor, mask: Tensor) -> Tensor:
        """See `masked_softmax`."""
        return masked_softmax(scores, mask)


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the source; exactly zero on padding, and everywhere in a sentence that is all padding.

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
