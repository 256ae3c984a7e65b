"""One optimiser step of a model; the table at the end names the optimisers."""

from collections.abc import Callable

import keras

from attnbench import backend
from attnbench.config import TrainingConfig
from attnbench.model import Seq2Seq
from attnbench.tensors import Tensor


def optimiser_step(model: Seq2Seq, options: TrainingConfig) -> tuple[keras.optimizers.Optimizer, Callable[..., Tensor]]:
    """The optimiser that `options` names, and one step of it.

    Returns:
        The optimiser, built, with the gradient's global norm clipped; and a function from the learning rate (), source
        ids (batch, source), target ids (batch, target) and dropout's key (2,) to the sum of the batch's losses (), in
        nats and without label smoothing. What it minimises is the mean over target tokens, with smoothing.
    """
    optimizer = OPTIMIZERS[options.optimizer](
        options, learning_rate=options.learning_rate, global_clipnorm=options.clip_norm, name="optimizer"
    )
    optimizer.build(model.trainable_variables)

    def loss(source: Tensor, target: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        smoothed, plain, tokens = model.losses(source, target, key, smoothing=options.label_smoothing)
        return smoothed / tokens, plain

    return optimizer, backend.training_step(loss, model.trainable_variables, optimizer)


OPTIMIZERS: dict[str, Callable[..., keras.optimizers.Optimizer]] = {
    "adam": lambda options, **shared: backend.Adam(epsilon=options.adam_epsilon, **shared),
    "sgd": lambda options, **shared: keras.optimizers.SGD(**shared),
}
