"""Matrix products that a time loop can see: it keeps their outputs, and makes each factor's gradient after the loop."""

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import tensorflow as tf

from attnbench.tensors import Tensor

_ACTIVE = threading.local()


def product(x: Tensor, kernel: Tensor) -> Tensor:
    """The matrix product x @ kernel in x's precision: (..., inputs) and (inputs, outputs) -> (..., outputs)."""
    if len(x.shape) == 2:
        return _product(_KERNEL, x, kernel)
    # Three axes are flattened to two, whose gradient is one product and not one a batch row.
    shape = tf.concat([tf.shape(x)[:-1], [kernel.shape[-1]]], axis=0)
    result = tf.reshape(tf.reshape(x, (-1, x.shape[-1])) @ tf.cast(kernel, x.dtype), shape)
    result.set_shape((*x.shape[:-1], kernel.shape[-1]))
    return result


def vecmat(x: Tensor, matrices: Tensor) -> Tensor:
    """Each row of `x` (batch, inputs) times its own of `matrices` (batch, inputs, outputs) -> (batch, outputs)."""
    return _product(_VECMAT, x, matrices)


def matvec(matrices: Tensor, x: Tensor) -> Tensor:
    """Each row's own of `matrices` (batch, outputs, inputs) times the row, (batch, inputs) -> (batch, outputs)."""
    return _product(_MATVEC, x, matrices)


def _product(kind: "Kind", x: Tensor, factor: Tensor) -> Tensor:
    factor = tf.convert_to_tensor(factor)  # of a Keras variable, its value
    recorder: Recorder | None = getattr(_ACTIVE, "recorder", None)
    output = None if recorder is None else recorder.product(kind, x, factor)
    return kind.multiply(x, tf.cast(factor, x.dtype)) if output is None else output


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
    """Sees the products of one step with the loop's factors: for the forward loop, it computes them.

    Attributes:
        factors: the loop's constants and weights.
        products: what was multiplied, in order.
        outputs: what the step got for each product, (batch, outputs).
    """

    def __init__(self, factors: Sequence[Tensor]) -> None:
        self.factors = factors
        self.products: list[Product] = []
        self.outputs: list[Tensor] = []
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

    def product(self, kind: Kind, x: Tensor, operand: Tensor) -> Tensor | None:
        """The product of `x` with the factor behind `operand`; None where there is none of the type of `x`."""
        index = self._indices.get(operand.ref())
        if index is None or self.factors[index].dtype != x.dtype:
            return None
        self.outputs.append(self._output(kind, x, index))
        self.products.append(Product(kind, index))
        return self.outputs[-1]

    def _output(self, kind: Kind, x: Tensor, index: int) -> Tensor:
        return kind.multiply(x, self.factors[index])


class Replay(Recorder):
    """For the backward loop: gives outputs back, in order, each with a gradient for the product's input.

    Args:
        factors: the loop's constants and weights.
        forward_outputs: those of this step in the forward loop.
        prepared: what gradients are multiplied by, for each product that differs in kind or factor.

    Attributes:
        forward_outputs: see above.
        inputs: of each product, (batch, inputs).
    """

    def __init__(
        self, factors: Sequence[Tensor], forward_outputs: Sequence[Tensor], prepared: dict[Product, Tensor]
    ) -> None:
        super().__init__(factors)
        self.forward_outputs, self._prepared = forward_outputs, prepared
        self.inputs: list[Tensor] = []

    def _output(self, kind: Kind, x: Tensor, index: int) -> Tensor:
        # The output's own gradient is handed on as well: it is what the factor's gradient is made of, after the loop.
        @tf.custom_gradient
        def replayed(x: Tensor, output: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, Tensor]]]:
            def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
                return kind.input_gradient(upstream, self._prepared[Product(kind, index)]), upstream

            return tf.identity(output), gradient

        self.inputs.append(x)
        return replayed(x, self.forward_outputs[len(self.outputs)])
