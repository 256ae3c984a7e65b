"""From scores to weights."""

from typing import Any

from keras import ops


def masked_softmax(scores: Any, mask: Any) -> Any:
    """Softmax over the source; exactly zero on padding, and everywhere in a sentence that is all padding.

    Args:
        scores: (..., source), any float type; the sums are taken in float32 at least.
        mask: (..., source), True where there is a token; as many axes as `scores`.

    Returns:
        weights (..., source) in the type of `scores`.
    """
    wide = scores if scores.dtype in ("float32", "float64") else ops.cast(scores, "float32")
    floor = ops.cast(-1e30, wide.dtype)
    wide = ops.where(mask, wide, floor)
    highest = ops.max(wide, axis=-1, keepdims=True)
    exponentials = ops.where(mask, ops.exp(wide - ops.stop_gradient(highest)), ops.cast(0, wide.dtype))
    total = ops.sum(exponentials, axis=-1, keepdims=True)
    weights = exponentials / ops.where(total > 0, total, ops.cast(1, wide.dtype))
    return ops.cast(weights, scores.dtype)
