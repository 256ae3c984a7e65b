"""Matrix products that a time loop can see: it keeps their outputs, and makes each factor's gradient after the loop."""

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import tensorflow as tf

from attnbench.tensors import Tensor

_ACTIVE = threading.local()


def product(x: Tensor, kernel: Tensor) -> Tensor:
    """The matrix product x @ kernel in x's precision.

    Args:
        x: (..., inputs); three axes are flattened to two, whose gradient is one product and not one a batch row.
        kernel: (inputs, outputs), a weight.

    Returns:
        (..., outputs).
    """
    if len(x.shape) == 2:
        return _product(_KERNEL, x, kernel)
    shape = tf.concat([tf.shape(x)[:-1], [kernel.shape[-1]]], axis=0)
    result = tf.reshape(tf.reshape(x, (-1, x.shape[-1])) @ tf.cast(kernel, x.dtype), shape)
    result.set_shape((*x.shape[:-1], kernel.shape[-1]))
    return result


def vecmat(x: Tensor, matrices: Tensor) -> Tensor:
    """Each row of `x` times the matrix of its own, in x's precision.

    Args:
        x: (batch, inputs).
        matrices: (batch, inputs, outputs).

    Returns:
        (batch, outputs).
    """
    return _product(_VECMAT, x, matrices)


def matvec(matrices: Tensor, x: Tensor) -> Tensor:
    """Each row's own matrix times the row, in x's precision.

    Args:
        matrices: (batch, outputs, inputs).
        x: (batch, inputs).

    Returns:
        (batch, outputs).
    """
    return _product(_MATVEC, x, matrices)


def _product(kind: "Kind", x: Tensor, factor: Tensor) -> Tensor:
    factor = tf.convert_to_tensor(factor)  # of a Keras variable, its value
    recorder: Recorder | None = getattr(_ACTIVE, "recorder", None)
    index = None if recorder is None else recorder.index(factor, x.dtype)
    if recorder is None or index is None:
        return kind.multiply(x, tf.cast(factor, x.dtype))
    recorder.products.append(Product(kind, index))
    return recorder.multiply(kind, x, index)


class Kind(NamedTuple):
    """One kind of product of a step's (batch, inputs) with a factor that is the same at every step.

    multiply: input, factor -> output (batch, outputs).
    prepare: factor -> what `input_gradient` takes in its place, made once for all steps.
    input_gradient: gradient of the output, prepared factor -> gradient of the input.
    factor_gradient: inputs (time, batch, inputs), gradients of the outputs (time, batch, outputs) -> gradient of the
        factor, summed over all steps.
    """

    multiply: Callable[[Tensor, Tensor], Tensor]
    prepare: Callable[[Tensor], Tensor]
    input_gradient: Callable[[Tensor, Tensor], Tensor]
    factor_gradient: Callable[[Tensor, Tensor], Tensor]


class Product(NamedTuple):
    """One product of a step: its kind, and the index of its factor among the loop's."""

    kind: Kind
    factor: int


def _vecmat(x: Tensor, matrices: Tensor) -> Tensor:
    return tf.squeeze(tf.matmul(x[:, None, :], matrices), 1)


def _matvec(x: Tensor, matrices: Tensor) -> Tensor:
    return tf.squeeze(tf.matmul(matrices, x[:, :, None]), -1)


def _kernel_gradient(inputs: Tensor, gradients: Tensor) -> Tensor:
    rows = (tf.reshape(x, (-1, x.shape[-1])) for x in (inputs, gradients))  # (time x batch, inputs or outputs)
    return tf.matmul(*rows, transpose_a=True)


_KERNEL = Kind(tf.matmul, tf.transpose, tf.matmul, _kernel_gradient)
_VECMAT = Kind(_vecmat, tf.identity, _matvec, lambda inputs, gradients: tf.einsum("tbi,tbo->bio", inputs, gradients))
_MATVEC = Kind(_matvec, tf.identity, _vecmat, lambda inputs, gradients: tf.einsum("tbi,tbo->boi", inputs, gradients))


class Recorder:
    """Sees the products of one step with the loop's factors.

    Attributes:
        factors: the loop's constants and weights.
        products: what was multiplied, in order.
    """

    def __init__(self, factors: Sequence[Tensor]) -> None:
        self.factors = factors
        self.products: list[Product] = []
        self._indices: dict[Hashable, int] = {}

    @contextmanager
    def watching(self, operands: Sequence[Tensor]) -> Iterator[None]:
        """For the length of a step.

        Args:
            operands: what the step has for each factor: the constant itself, or the value of a variable, which Keras
                gives in the variable's type, not in that of the factor.
        """
        before = getattr(_ACTIVE, "recorder", None)
        self._indices = {operand.ref(): index for index, operand in enumerate(operands)}
        _ACTIVE.recorder = self
        try:
            yield
        finally:
            _ACTIVE.recorder = before

    def index(self, operand: Tensor, dtype: tf.DType) -> int | None:
        """The index of the factor behind `operand`, where there is one and it is of type `dtype`; else None."""
        index = self._indices.get(operand.ref())
        return index if index is not None and self.factors[index].dtype == dtype else None

    def multiply(self, kind: Kind, x: Tensor, index: int) -> Tensor:
        """The product of `x` with the factor at `index`."""
        raise NotImplementedError


class Record(Recorder):
    """For the forward loop: computes each product and keeps its output.

    Attributes:
        outputs: of each product, (batch, outputs).
    """

    def __init__(self, factors: Sequence[Tensor]) -> None:
        super().__init__(factors)
        self.outputs: list[Tensor] = []

    def multiply(self, kind: Kind, x: Tensor, index: int) -> Tensor:
        """Computes the product."""
        self.outputs.append(kind.multiply(x, self.factors[index]))
        return self.outputs[-1]


class Replay(Recorder):
    """For the backward loop: gives the kept outputs back, in order, and keeps each product's input.

    Args:
        factors: the loop's constants and weights.
        outputs: what `Record` kept of this step.
        prepared: from `prepared_factors`.

    Attributes:
        outputs: see above.
        inputs: of each product, (batch, inputs).
        results: what the step gets for each product: the kept output, with a gradient for the input.
    """

    def __init__(self, factors: Sequence[Tensor], outputs: Sequence[Tensor], prepared: dict[Product, Tensor]) -> None:
        super().__init__(factors)
        self.outputs, self._prepared = outputs, prepared
        self.inputs: list[Tensor] = []
        self.results: list[Tensor] = []

    def multiply(self, kind: Kind, x: Tensor, index: int) -> Tensor:
        """Computes nothing: the product is already there."""
        output = self.outputs[len(self.results)]
        self.inputs.append(x)

        # The output's own gradient is handed on as well: it is what the factor's gradient is made of, after the loop.
        @tf.custom_gradient
        def replayed(x: Tensor, output: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, Tensor]]]:
            def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
                return kind.input_gradient(upstream, self._prepared[Product(kind, index)]), upstream

            return tf.identity(output), gradient

        self.results.append(replayed(x, output))
        return self.results[-1]


def prepared_factors(products: Sequence[Product], factors: Sequence[Tensor]) -> dict[Product, Tensor]:
    """What a `Replay` multiplies gradients by, for each product that differs in kind or factor."""
    return {each: each.kind.prepare(factors[each.factor]) for each in dict.fromkeys(products)}
