"""Cross-entropy by hand and against NumPy."""

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from keras import ops

from attnbench import backend


def test_cross_entropy_of_even_logits_is_the_logarithm_of_the_number_of_classes() -> None:
    logits = ops.zeros((2, 7))
    smoothed, plain = backend.cross_entropy(logits, ops.convert_to_tensor(np.array([3, 5], np.int32)), smoothing=0.1)
    np.testing.assert_allclose(backend.read(plain), np.log([7, 7]), rtol=1e-6)
    np.testing.assert_allclose(backend.read(smoothed), np.log([7, 7]), rtol=1e-6)


def test_smoothing_mixes_the_true_class_with_the_mean_of_all() -> None:
    # Probabilities 3/4 and 1/4; with smoothing 0.5 the true class weighs 0.75, the other 0.25.
    logits = ops.convert_to_tensor(np.log([[3.0, 1.0]]).astype(np.float32))
    smoothed, plain = backend.cross_entropy(logits, ops.convert_to_tensor(np.array([0], np.int32)), smoothing=0.5)
    assert float(backend.read(plain)[0]) == pytest.approx(-np.log(0.75), rel=1e-6)
    assert float(backend.read(smoothed)[0]) == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25), rel=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
def test_the_gradient_is_the_probability_less_the_smoothed_truth(
    smoothing: float, dtype: str, tolerance: float, gradients: Callable[..., Any]
) -> None:
    generator = np.random.default_rng(1)
    logits, weights = generator.normal(size=(5, 7)).astype(dtype), generator.uniform(size=5).astype(dtype)
    targets = np.array([0, 6, 3, 3, 1], np.int32)

    def loss(logits: Any) -> Any:
        smoothed, _ = backend.cross_entropy(logits, ops.convert_to_tensor(targets), smoothing=smoothing)
        return ops.sum(smoothed * ops.convert_to_tensor(weights))

    (found,) = gradients(loss, [logits])
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (1 - smoothing) * np.eye(7)[targets] + smoothing / 7
    np.testing.assert_allclose(found, weights[:, None] * (probabilities - truth), rtol=tolerance, atol=tolerance / 10)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_bfloat16_logits_have_the_loss_of_the_numbers_they_are_and_its_gradient_rounded(
    smoothing: float, gradients: Callable[..., Any]
) -> None:
    logits = np.random.default_rng(3).normal(scale=3, size=(5, 7)).astype(ml_dtypes.bfloat16)
    targets, exact = np.array([0, 6, 3, 3, 1], np.int32), logits.astype(np.float64)
    logarithms = exact - np.log(np.exp(exact).sum(axis=1, keepdims=True))
    truth = (1 - smoothing) * np.eye(7)[targets] + smoothing / 7

    def losses(logits: Any) -> Any:
        return backend.cross_entropy(logits, ops.convert_to_tensor(targets), smoothing=smoothing)

    smoothed, plain = (backend.read(x) for x in losses(ops.convert_to_tensor(logits)))
    np.testing.assert_allclose(plain, -logarithms[np.arange(5), targets], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(smoothed, -(truth * logarithms).sum(axis=1), rtol=1e-5, atol=1e-6)
    (found,) = gradients(lambda logits: ops.sum(losses(logits)[0]), [logits])
    # Eight bits: the nearest number is at most 2⁻⁸ of it away.
    np.testing.assert_allclose(found, np.exp(logarithms) - truth, rtol=2**-8, atol=1e-6)


def test_large_logits_do_not_overflow() -> None:
    logits = ops.convert_to_tensor(np.array([[1e4, 0, -1e4]], np.float32))
    _, plain = backend.cross_entropy(logits, ops.convert_to_tensor(np.array([1], np.int32)), smoothing=0.0)
    assert float(backend.read(plain)[0]) == pytest.approx(1e4)
