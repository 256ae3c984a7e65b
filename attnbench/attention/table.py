"""Which mechanism a set of factors names; the table at the end is where a new score is entered."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from attnbench.attention.called import Called
from attnbench.attention.constant import FinalState, Uniform
from attnbench.attention.mechanism import Attention
from attnbench.attention.scored import ScoredAttention
from attnbench.attention.scores import Additive, Dot, General


def build(
    score: str,
    *,
    units: int,
    scale: str = "none",
    use_bias: bool = False,
    bidirectional: bool = True,
    target: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Attention | None:
    """Makes the mechanism that the factors name; None for score `none`, a decoder without any context.

    Args:
        score: a name of `MECHANISMS`; ignored where `target` names a class.
        units: the attention units of the scores that have a size of their own.
        scale: none, sqrt_units or learned.
        use_bias: the score's products add biases.
        bidirectional: whether the annotations come from a bidirectional encoder.
        target: dotted name of a user's class, `module.Class`; `options` are its keyword arguments.
        options: see `target`.

    Raises:
        ValueError: the score is unknown, or the user's class cannot be found or made.
    """
    if target is not None:
        return _from_target(target, dict(options or {}))
    if score not in MECHANISMS:
        raise ValueError(f"Unknown score {score!r}. Known: {', '.join(MECHANISMS)}.")
    return MECHANISMS[score](units=units, scale=scale, use_bias=use_bias, bidirectional=bidirectional)


def _from_target(target: str, options: dict[str, Any]) -> Attention:
    module, _, name = target.rpartition(".")
    if not module:
        raise ValueError(f"attention.target must be a dotted name such as my_module.MyAttention, received {target!r}.")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"attention.target {target!r} cannot be imported: {error}. "
            "Put the module into the working folder or install it."
        ) from error
    try:
        layer = found(**options)
        layer.name = "attention"
    except TypeError as error:
        raise ValueError(
            f"attention.target {target!r} cannot be made from attention.options {options!r}: {error}."
        ) from error
    return layer if isinstance(layer, Attention) else Called(layer, name="attention_call")


def _scored(score: Any, scale: str) -> Attention:
    return ScoredAttention(score, scale=scale, name="attention")


MECHANISMS: dict[str, Callable[..., Attention | None]] = {
    "none": lambda **_: None,
    "final_state": lambda bidirectional, **_: FinalState(bidirectional=bidirectional, name="attention"),
    "uniform": lambda **_: Uniform(name="attention"),
    "additive": lambda units, scale, use_bias, **_: _scored(Additive(units, use_bias=use_bias, name="score"), scale),
    "dot": lambda scale, **_: _scored(Dot(name="score"), scale),
    "general": lambda scale, use_bias, **_: _scored(General(use_bias=use_bias, name="score"), scale),
}
