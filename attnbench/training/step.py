"""One optimiser step of a model."""

from collections.abc import Callable
from typing import Any

import keras

from attnbench import backend
from attnbench.model import Seq2Seq


def optimiser_step(model: Seq2Seq, options: Any) -> tuple[keras.optimizers.Optimizer, Callable[..., Any]]:
    """The optimiser that `options` names, and one step of it.

    Args:
        model: built.
        options: the fields of the `training` configuration group, by name.

    Returns:
        The optimiser, built, with the gradient's global norm clipped; and a function from the learning rate (), source
        ids, target ids and dropout's key (2,) to the sum of the batch's losses, in nats and without label smoothing.
        What it minimises is the mean over target tokens, with smoothing.
    """
    optimizer = _optimizer(options)
    optimizer.build(model.trainable_variables)

    def loss(source: Any, target: Any, key: Any) -> tuple[Any, Any]:
        smoothed, plain, tokens = model.losses(source, target, key, smoothing=options.label_smoothing)
        return smoothed / tokens, plain

    return optimizer, backend.training_step(loss, model.trainable_variables, optimizer)


def _optimizer(options: Any) -> keras.optimizers.Optimizer:
    shared = {"learning_rate": options.learning_rate, "global_clipnorm": options.clip_norm, "name": "optimizer"}
    if options.optimizer == "adam":
        return backend.Adam(epsilon=options.adam_epsilon, **shared)
    return keras.optimizers.SGD(**shared)
