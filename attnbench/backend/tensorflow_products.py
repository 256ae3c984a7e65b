"""Matrix products that a time loop can see: it keeps their outputs, and makes each factor's gradient after the loop."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

_ACTIVE = threading.local()


def product(x: Any, kernel: Any) -> Any:
    """The matrix product x @ kernel in x's precision.

    Args:
        x: (..., inputs); three axes are flattened to two, whose gradient is one product and not one a batch row.
        kernel: (inputs, outputs), a weight.

    Returns:
        (..., outputs).
    """
    recorder = getattr(_ACTIVE, "recorder", None)
    if recorder is not None and len(x.shape) == 2 and recorder.knows(kernel, x.dtype):
        return recorder.product(_KERNEL, x, kernel)
    kernel = tf.cast(kernel.value if isinstance(kernel, keras.Variable) else kernel, x.dtype)
    if len(x.shape) == 2:
        return x @ kernel
    shape = tf.concat([tf.shape(x)[:-1], [kernel.shape[-1]]], axis=0)
    result = tf.reshape(tf.reshape(x, (-1, x.shape[-1])) @ kernel, shape)
    result.set_shape((*x.shape[:-1], kernel.shape[-1]))
    return result


def vecmat(x: Any, matrices: Any) -> Any:
    """Each row of `x` times the matrix of its own, in x's precision.

    Args:
        x: (batch, inputs).
        matrices: (batch, inputs, outputs).

    Returns:
        (batch, outputs).
    """
    return _own_product(_VECMAT, x, matrices)


def matvec(matrices: Any, x: Any) -> Any:
    """Each row's own matrix times the row, in x's precision.

    Args:
        matrices: (batch, outputs, inputs).
        x: (batch, inputs).

    Returns:
        (batch, outputs).
    """
    return _own_product(_MATVEC, x, matrices)


def _own_product(kind: "_Kind", x: Any, matrices: Any) -> Any:
    recorder = getattr(_ACTIVE, "recorder", None)
    if recorder is not None and recorder.knows(matrices, x.dtype):
        return recorder.product(kind, x, matrices)
    return kind.multiply(x, tf.cast(matrices, x.dtype))


def _vecmat(x: Any, matrices: Any) -> Any:
    return tf.squeeze(tf.matmul(x[:, None, :], matrices), 1)


def _matvec(x: Any, matrices: Any) -> Any:
    return tf.squeeze(tf.matmul(matrices, x[:, :, None]), -1)


def _kernel_gradient(inputs: Any, slopes: Any) -> Any:
    rows = (tf.reshape(x, (-1, x.shape[-1])) for x in (inputs, slopes))
    return tf.matmul(*rows, transpose_a=True)


class _Kind(NamedTuple):
    """One kind of product of a step's (batch, inputs) with a factor that is the same at every step.

    multiply: input, factor -> output (batch, outputs).
    prepare: factor -> what `go_back` takes in its place, made once for all steps.
    go_back: gradient of the output, prepared factor -> gradient of the input.
    gradient: inputs (time, batch, inputs), gradients of the outputs (time, batch, outputs) -> gradient of the factor.
    """

    multiply: Callable[[Any, Any], Any]
    prepare: Callable[[Any], Any]
    go_back: Callable[[Any, Any], Any]
    gradient: Callable[[Any, Any], Any]


_KERNEL = _Kind(tf.matmul, tf.transpose, tf.matmul, _kernel_gradient)
_VECMAT = _Kind(_vecmat, tf.identity, _matvec, lambda inputs, slopes: tf.einsum("tbi,tbo->bio", inputs, slopes))
_MATVEC = _Kind(_matvec, tf.identity, _vecmat, lambda inputs, slopes: tf.einsum("tbi,tbo->boi", inputs, slopes))


class Recorder:
    """Sees the products of one step with the factors that a loop knows: its constants and its weights.

    Attributes:
        found: for each product its kind and the place of its factor, in order.
    """

    def __init__(self, factors: Sequence[Any], names: Sequence[Any]) -> None:
        """`names` are the objects that the step has in hand for `factors`: tensors themselves, or Keras variables."""
        self.factors = factors
        self._places = {id(name): place for place, name in enumerate(names)}
        self.found: list[tuple[_Kind, int]] = []

    def __enter__(self) -> "Recorder":
        self._before = getattr(_ACTIVE, "recorder", None)
        _ACTIVE.recorder = self
        return self

    def __exit__(self, *_: object) -> None:
        _ACTIVE.recorder = self._before

    def knows(self, factor: Any, dtype: Any) -> bool:
        """Whether `factor` is one of the loop's own, and of type `dtype` there; any other result is a new object."""
        place = self._places.get(id(factor))
        return place is not None and self.factors[place].dtype == dtype

    def product(self, kind: _Kind, x: Any, factor: Any) -> Any:
        """The product of `x` with a factor that the loop knows."""
        place = self._places[id(factor)]
        self.found.append((kind, place))
        return self.known_product(kind, x, place)

    def known_product(self, kind: _Kind, x: Any, place: int) -> Any:
        """The product of `x` with the factor at `place`."""
        raise NotImplementedError


class Record(Recorder):
    """Keeps each product's output."""

    def __init__(self, factors: Sequence[Any], names: Sequence[Any]) -> None:
        super().__init__(factors, names)
        self.outputs: list[Any] = []

    def known_product(self, kind: _Kind, x: Any, place: int) -> Any:
        """Computes it."""
        self.outputs.append(kind.multiply(x, self.factors[place]))
        return self.outputs[-1]


class Replay(Recorder):
    """Gives the kept outputs back, in order, and keeps each product's input.

    Attributes:
        inputs: of each product.
        results: what the step gets for each product: the kept output, with a gradient for the input.
    """

    def __init__(
        self, factors: Sequence[Any], names: Sequence[Any], outputs: Sequence[Any], prepared: dict[Any, Any]
    ) -> None:
        super().__init__(factors, names)
        self._outputs, self._prepared = iter(outputs), prepared
        self.inputs: list[Any] = []
        self.results: list[Any] = []

    def known_product(self, kind: _Kind, x: Any, place: int) -> Any:
        """Computes nothing."""
        self.inputs.append(x)

        @tf.custom_gradient
        def replayed(x: Any, output: Any) -> Any:
            def gradient(upstream: Any) -> Any:
                return kind.go_back(upstream, self._prepared[kind, place]), upstream

            return tf.identity(output), gradient

        self.results.append(replayed(x, next(self._outputs)))
        return self.results[-1]


def prepared(found: Sequence[tuple[_Kind, int]], factors: Sequence[Any]) -> dict[Any, Any]:
    """What a `Replay` multiplies gradients by, for the products that a `Record` has found."""
    return {(kind, place): kind.prepare(factors[place]) for kind, place in dict.fromkeys(found)}
