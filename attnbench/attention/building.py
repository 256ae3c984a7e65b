"""Makes the mechanism that options name: from the table in `attnbench.mechanisms`, or of a layer of the user's own."""

import importlib
from collections.abc import Mapping
from typing import Any

import keras

from attnbench.attention.mechanism import Attention, Memory
from attnbench.attention.scored import ScoredAttention
from attnbench.mechanisms import BASELINES, DEFAULTS, SCALES, SCORES, WEIGHTS, Choice, check_options
from attnbench.tensors import Shape, Structure, Tensor


def build(score: str | None = None, *, bidirectional: bool = True, **options: Any) -> Attention | None:
    """Makes a mechanism; None for score `none`, a decoder without any context.

        build("additive", units=128, scale="learned")
        build(target="my_module.MyAttention", options={"rank": 8})

    Args:
        score: its score or baseline; None where a `target` is given.
        bidirectional: whether the annotations come from a bidirectional encoder.
        options: the other options of `attention` that apply; where one is absent, its default holds.

    Raises:
        ValueError: a choice is unknown, an option does not apply, or the user's class cannot be imported or made.
    """
    check_options(options if score is None else {"score": score, **options})
    if score is None:
        return _from_target(options["target"], options.get("options", {}))
    if score == "none":
        return None
    if score in BASELINES:
        return _make(BASELINES[score], options | {"bidirectional": bidirectional}, name="attention")
    return ScoredAttention(
        _make(SCORES[score], options, name="score"),
        scale=_make(SCALES[options.get("scale", DEFAULTS["scale"])], options),
        weighting=_make(WEIGHTS[options.get("weights", DEFAULTS["weights"])], options),
        name="attention",
    )


def _make(choice: Choice, options: Mapping[str, Any], **arguments: Any) -> Any:
    """An object of the class of `choice`, with those `options` that it takes."""
    taken = {option: options[option] for option in choice.options + choice.circumstances if option in options}
    return _imported(str(choice.path))(**taken, **arguments)


def _imported(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _from_target(target: str, options: Mapping[str, Any]) -> Attention:
    if "." not in target:
        raise ValueError(f"attention.target must be an import path such as my_module.MyAttention, received {target!r}.")
    try:
        cls = _imported(target)
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"attention.target {target!r} cannot be imported: {error}. "
            "Put the module into the working folder or install it."
        ) from error
    try:
        layer = cls(**options)
        layer.name = "attention"
    except TypeError as error:
        raise ValueError(
            f"attention.target {target!r} cannot be made from attention.options {dict(options)!r}: {error}."
        ) from error
    return layer if isinstance(layer, Attention) else Called(layer, name="attention_call")


class Called(Attention):
    """A layer that knows nothing of the protocol: `context, weights = layer(query, values, mask)` at each position."""

    def __init__(self, layer: keras.layers.Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = layer
        layer.supports_masking = True  # it takes the mask as an argument; Keras would warn that it drops it

    def build(self, query_shape: Shape, values_shape: Shape, mask_shape: Shape | None = None) -> None:
        """Builds the layer by calling it once, so that it may create its weights wherever it likes."""
        query = keras.ops.zeros((1, query_shape[-1]), self.compute_dtype)
        values = keras.ops.zeros((1, 2, values_shape[-1]), self.compute_dtype)
        self.layer(query, values, mask=keras.ops.ones((1, 2), "bool"))
        self.built = True

    def attend(self, query: Tensor, memory: Memory, state: Structure) -> tuple[Tensor, Tensor, Structure]:
        """One query a sentence; see `Attention.attend`."""
        context, weights = self.layer(query, memory.values, mask=memory.mask)
        return context, weights, state
