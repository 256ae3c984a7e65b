"""The package's time loop with one difference: what a step of attention computes is stored instead of repeated.

Recorder and replay treat the tanh of the additive score, and with it, where wanted, its product with v and the softmax,
as the package treats products with weights and annotations: kept by the forward pass, given back in the backward pass.
All else is the package's code.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import tensorflow as tf
from keras import ops

from attnbench import backend
from attnbench.attention import scored
from attnbench.backend import tensorflow_products, tensorflow_scan

_SCORED_AXES = 3
"""Of tanh(W1 q + W2 k), (batch, source, units); cells and readouts inside a loop have two."""


STORED = ("tanh", "attention")


@contextmanager
def storing(what: str) -> Iterator[None]:
    """Time loops traced in here store what the package's repeat: the `tanh` alone, or all that `attention` computes."""
    tanh = _stored(backend.tanh, _tanh_gradient)
    patches: list[Any] = [
        patch.object(tensorflow_scan, "_Loop", _Loop),
        patch.object(tensorflow_scan, "Record", _Record),
        patch.object(tensorflow_scan, "Replay", _Replay),
        patch.object(backend, "tanh", _of_axes(_SCORED_AXES, tanh, backend.tanh)),
    ]
    if what == "attention":
        patches += [
            patch.object(ops, "matmul", _stored(ops.matmul, _own_gradient(ops.matmul))),
            patch.object(scored, "masked_softmax", _stored(scored.masked_softmax, _softmax_gradient)),
        ]
    with ExitStack() as stack:
        for each in patches:
            stack.enter_context(each)
        yield


class _Record(tensorflow_products.Record):
    """Keeps the results of attention behind the products' outputs, the last one first."""

    def __enter__(self) -> "_Record":
        super().__enter__()
        self._results: list[Any] = []
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.outputs += self._results[::-1]

    def result(self, function: Callable[..., Any], _: Any, arguments: tuple[Any, ...]) -> Any:
        self._results.append(function(*arguments))
        return self._results[-1]


class _Replay(tensorflow_products.Replay):
    """Gives them back from behind, which leaves the products to the package's own replay."""

    def __init__(self, factors: Any, names: Any, outputs: Any, prepared: Any) -> None:
        super().__init__(factors, names, outputs, prepared)
        self._kept, self._results = outputs, reversed(outputs)

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.results += self._kept[len(self.results) :]

    def result(self, _: Any, gradient: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        kept = next(self._results)

        @tf.custom_gradient
        def replayed(*arguments: Any) -> Any:
            return tf.identity(kept), lambda upstream: gradient(kept, upstream, *arguments)

        return replayed(*arguments)


class _Loop(tensorflow_scan._Loop):
    """Takes no gradients for the results of attention: they are no leaves, as products are."""

    def _forward(self, groups: Any) -> Any:
        found = super()._forward(groups)
        self._products = len(found[-1])
        return found

    def _step_gradient(self, recorder: Any, groups: Any, products: Any, upstream: Any) -> Any:
        return super()._step_gradient(recorder, groups, products[: self._products], upstream)


def _stored(function: Callable[..., Any], gradient: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, whose results inside a loop are kept and given back; see `_Record` and `_Replay`."""

    def call(*arguments: Any) -> Any:
        recorder = getattr(tensorflow_products._ACTIVE, "recorder", None)
        return function(*arguments) if recorder is None else recorder.result(function, gradient, arguments)

    return call


def _of_axes(axes: int, function: Callable[..., Any], other: Callable[..., Any]) -> Callable[..., Any]:
    """`function` for tensors of so many axes, `other` for the rest."""
    return lambda x: function(x) if len(x.shape) == axes else other(x)


def _tanh_gradient(result: Any, upstream: Any, _: Any) -> Any:
    return tf.raw_ops.TanhGrad(y=result, dy=upstream)


def _softmax_gradient(weights: Any, upstream: Any, *_: Any) -> tuple[Any, None]:
    weighted = weights * upstream
    return weighted - weights * tf.reduce_sum(weighted, -1, keepdims=True), None


def _own_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """For a function whose gradient needs its arguments alone; TensorFlow leaves out what nobody reads."""

    def gradient(_: Any, upstream: Any, *arguments: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(arguments)
            result = function(*arguments)
        return tape.gradient(result, arguments, output_gradients=upstream)

    return gradient
