"""Floating-point operations of the model's matrix products, counted from its weights."""

import math

from attnbench.model import Seq2Seq


def forward_flops(model: Seq2Seq, *, source_tokens: float, target_tokens: float) -> float:
    """FLOPs of one sentence pair's forward pass: 2 per multiply-add of matrix products, nothing else.

    Each kernel is used once a source token (encoder, and the mechanism's `key_*` weights), once a sentence (bridge) or
    once a target token (all others); embeddings are looked up, not multiplied. For every target token, scoring takes
    a multiply-add a source token and attention unit, weighing one a source token and annotation unit; a constant
    context is weighed once.

    Args:
        model: built.
        source_tokens: length of the source with end mark.
        target_tokens: length of the target with end mark.
    """
    flops = 0.0
    for variable in model.trainable_variables:
        path, size = variable.path, math.prod(variable.shape)
        if len(variable.shape) < 2 or path.endswith("source_embedding"):
            continue
        if path.endswith("target_embedding"):
            uses = target_tokens if model.tied_embeddings != "none" else 0.0
        elif "/encoder/" in path or path.rsplit("/", 1)[-1].startswith("key_"):
            uses = source_tokens
        elif "/bridge/" in path:
            uses = 1.0
        else:
            uses = target_tokens
        flops += 2 * size * uses
    if model.attention is not None:
        units = _score_units(model) + model.annotation_size
        flops += 2 * units * source_tokens * (1.0 if model.attention.constant else target_tokens)
    return flops


def _score_units(model: Seq2Seq) -> int:
    score = getattr(model.attention, "score", None)
    return 0 if score is None else int(score.units)
