"""Initial values that depend on a seed and on a weight's name alone, so that two models start equal where they can."""

import hashlib
import math
from typing import Any

import keras
import numpy as np

from attnbench.tensors import Shape, Tensor


class SeededLayer(keras.layers.Layer):
    """A layer whose weights remember how they are to be drawn."""

    def add_weight(self, shape: Shape | None = None, initializer: Any = None, **kwargs: Any) -> Tensor:
        """Creates a weight as every Keras layer does."""
        initializer = keras.initializers.get(initializer or "glorot_uniform")
        variable = super().add_weight(shape=shape, initializer=initializer, **kwargs)
        variable.drawn_by = initializer
        return variable


def product_flops(*kernels: Tensor) -> float:
    """FLOPs of multiplying one row by each of `kernels`: 2 per multiply-add."""
    return 2.0 * sum(math.prod(kernel.shape) for kernel in kernels)


def layer_flops(layer: keras.layers.Layer) -> float:
    """FLOPs of multiplying one row by each kernel of `layer` and of the layers in it."""
    return product_flops(*(variable for variable in layer.trainable_variables if len(variable.shape) == 2))


def draw_weights(layer: keras.layers.Layer, seed: int, initial_range: float | None = None) -> None:
    """Draws each weight of a built layer from NumPy's Philox generator, keyed by sha256(seed, weight path).

    With `initial_range` every weight that is drawn at all comes from U(-initial_range, initial_range); constants stay.

    A weight of a layer that is not a `SeededLayer`, or whose initialiser is not known here, keeps its values; it is
    reproducible through `keras.utils.set_random_seed`, though not equal between mechanisms and backends.
    """
    for variable in layer.trainable_variables:
        initializer = getattr(variable, "drawn_by", None)
        if initializer is None:
            continue
        digest = hashlib.sha256(f"{seed} {variable.path}".encode()).digest()
        generator = np.random.Generator(np.random.Philox(key=np.frombuffer(digest[:16], np.uint64)))
        values = _draw(initializer, tuple(variable.shape), generator)
        if values is None:
            continue
        if initial_range is not None:
            values = generator.uniform(-initial_range, initial_range, variable.shape)
        variable.assign(values.astype(variable.dtype))


def _draw(initializer: Any, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray | None:
    if isinstance(initializer, keras.initializers.GlorotUniform):
        fans = shape if len(shape) == 2 else (max(shape, default=1),) * 2
        limit = np.sqrt(6 / sum(fans))
        return generator.uniform(-limit, limit, shape)
    if isinstance(initializer, keras.initializers.RandomUniform):
        return generator.uniform(initializer.minval, initializer.maxval, shape)
    if isinstance(initializer, keras.initializers.RandomNormal):
        return generator.normal(initializer.mean, initializer.stddev, shape)
    if isinstance(initializer, keras.initializers.Orthogonal):
        rows, columns = shape
        q, r = np.linalg.qr(generator.normal(size=(max(shape), min(shape))))
        q = q * np.sign(np.diag(r))
        return initializer.gain * (q if rows >= columns else q.T)
    return None
