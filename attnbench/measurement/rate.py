"""The rate of matrix products that the device reaches, to which `speed/utilisation` compares a run's."""

import time

import numpy as np
from keras import ops

from attnbench import backend
from attnbench.tensors import Tensor

PRODUCTS = 5
CPU_SIZE, GPU_SIZE = 4096, 8192


def matrix_rate(dtype: str, products: int = PRODUCTS) -> float:
    """FLOP/s of the best of `products` of two square matrices, 4096 rows each (8192 on a GPU), in `dtype`."""
    size = GPU_SIZE if backend.device_name().startswith("GPU") else CPU_SIZE
    values = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    left = ops.cast(ops.convert_to_tensor(values), dtype)

    def multiply(left: Tensor) -> Tensor:
        return ops.matmul(left, left)

    product = backend.compiled(multiply, [])
    best = float("inf")
    for _ in range(products):
        began = time.perf_counter()
        backend.read(product(left)[0, 0])
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best
