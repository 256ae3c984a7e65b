"""The largest elements against a sorted row."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from attnbench import backend
from attnbench.decoding.largest import largest


def _expected(x: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    indices = np.argsort(-x, axis=-1, kind="stable")[:, :count]
    return np.take_along_axis(x, indices, axis=-1), indices


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    classes=st.sampled_from([1, 31, 32, 33, 64, 129, 700, 1000, 1024]),
    count=st.integers(1, 10),
    kinds=st.sampled_from([2, 5, 1_000_000]),
    dtype=st.sampled_from([np.float32, ml_dtypes.bfloat16]),
)
def test_they_are_those_of_the_sorted_row_and_equal_ones_come_from_the_left(
    seed: int, classes: int, count: int, kinds: int, dtype: Any
) -> None:
    count = min(count, classes)
    x = np.random.default_rng(seed).integers(-kinds, kinds, (3, classes)).astype(dtype)
    found = [backend.read(part) for part in largest(ops.convert_to_tensor(x), count)]
    for part, expected in zip(found, _expected(x, count), strict=True):
        np.testing.assert_array_equal(part, expected)


@pytest.mark.parametrize("index", [0, 499, 998, 999])
def test_minus_infinity_everywhere_but_at_one_index(index: int) -> None:
    x = np.full((2, 1000), -np.inf, np.float32)
    x[1, index] = 3.0
    values, indices = largest(ops.convert_to_tensor(x), 2)
    assert backend.read(values)[1].tolist() == [3.0, -np.inf]
    assert backend.read(indices)[1, 0] == index
    assert (backend.read(indices) < 1000).all()
