"""JAX's side of the backend; everything that XLA cannot see is kept out of compiled functions."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import keras
import numpy as np

from attnbench.tensors import Shape, Structure, Tensor

Adam = keras.optimizers.Adam
RESETS_MEMORY_PEAK = False


def configure(*, threads: int, precision: str, deterministic: bool, device: str) -> None:
    """Configures this process; call it before the framework's first use.

    The number of CPU threads is the process's CPU affinity here, and deterministic GPU kernels are a flag of XLA's that
    is read once (XLA_FLAGS): the launcher sets both.
    """
    del threads, deterministic
    jax.config.update("jax_default_matmul_precision", "default" if precision == "tf32" else "highest")
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    elif device == "gpu" and jax.default_backend() != "gpu":
        raise ValueError(
            "device=gpu found no GPU that JAX can use. Install 'jax[cuda12]' and check nvidia-smi, or use device=cpu."
        )


def device_name() -> str:
    """`GPU:0` where the framework computes on a GPU, else `CPU:0`."""
    return "GPU:0" if jax.default_backend() == "gpu" else "CPU:0"


def memory_peak_bytes() -> int | None:
    """Peak bytes of the framework's allocator since the process began; None where it does not count (CPU)."""
    statistics = jax.local_devices()[0].memory_stats()
    return None if statistics is None else int(statistics["peak_bytes_in_use"])


def reset_memory_peak() -> None:
    """JAX cannot reset its peak: it stays that of the process so far."""


def read(value: Tensor) -> np.ndarray:
    """The value as a NumPy array; waits until it is computed."""
    return np.asarray(value)


def product(x: Tensor, kernel: Tensor) -> Tensor:
    """The matrix product x @ kernel in x's precision: (..., inputs) and (inputs, outputs) -> (..., outputs)."""
    kernel = kernel.value if isinstance(kernel, keras.Variable) else kernel
    return x @ kernel.astype(x.dtype)


def vecmat(x: Tensor, matrices: Tensor) -> Tensor:
    """Each row of `x` (batch, inputs) times its own of `matrices` (batch, inputs, outputs) -> (batch, outputs)."""
    return jnp.vecmat(x, matrices.astype(x.dtype))


def matvec(matrices: Tensor, x: Tensor) -> Tensor:
    """Each row's own of `matrices` (batch, outputs, inputs) times the row, (batch, inputs) -> (batch, outputs)."""
    return jnp.matvec(matrices.astype(x.dtype), x)


def scan(
    step: Callable[[Structure, Structure, Structure], tuple[Structure, Structure]],
    carry: Structure,
    sequences: Structure,
    *,
    constants: Structure = (),
    variables: Sequence[keras.Variable] = (),
    dtype: str | None = None,
) -> tuple[Structure, Structure]:
    """Runs `carry, outputs = step(carry, inputs, constants)` along the leading axis of `sequences`.

    Arguments and result are those of the TensorFlow loop: it keeps carries and matrix products for the backward pass
    and repeats the rest.
    """
    floats = [v for v in variables if keras.backend.is_float_dtype(v.dtype)]
    mapping = [(v, v.value if dtype is None else v.value.astype(dtype)) for v in floats]
    types = jax.tree.map(lambda x: x.dtype, carry)

    def body(carry: Structure, inputs: Structure) -> tuple[Structure, Structure]:
        with keras.StatelessScope(state_mapping=mapping):
            after, outputs = step(carry, inputs, constants)
        return jax.tree.map(lambda x, each: x.astype(each), after, types), outputs

    return jax.lax.scan(jax.checkpoint(body, policy=jax.checkpoint_policies.dots_saveable), carry, sequences)


def _stateless(function: Callable[..., Structure], variables: Sequence[keras.Variable]) -> Callable[..., Structure]:
    def call(values: Sequence[Tensor], *tensors: Tensor) -> Structure:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function(*tensors)

    return call


def compiled(function: Callable[..., Structure], variables: Sequence[keras.Variable]) -> Callable[..., Structure]:
    """`function` of tensors compiled once for each combination of shapes; `variables` are read at each call."""
    jitted = jax.jit(_stateless(function, variables))
    return lambda *tensors: jitted([v.value for v in variables], *tensors)


def fused(function: Callable[..., Structure]) -> Callable[..., Structure]:
    """The function itself: XLA sees, and fuses, the whole graph."""
    return function


def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent in the type of `x`; Keras' own computes float64 in float32 on JAX."""
    return jnp.tanh(x)


def total(terms: Sequence[Tensor]) -> Tensor:
    """The sum of tensors of one shape."""
    return sum(terms)


def uniform(shape: Shape, key: Tensor, stream: int) -> Tensor:
    """Numbers in [0, 1) that depend on `key` (2,) int32 and the number `stream` alone."""
    base = jax.random.fold_in(jax.random.fold_in(jax.random.key(stream), key[0]), key[1])
    return jax.random.uniform(base, tuple(shape))


def training_step(
    loss_function: Callable[..., tuple[Tensor, Structure]],
    variables: Sequence[keras.Variable],
    optimizer: keras.optimizers.Optimizer,
) -> Callable[..., Structure]:
    """One optimiser step, compiled once for each combination of shapes; see the TensorFlow side."""
    graded = jax.value_and_grad(_stateless(loss_function, variables), has_aux=True)
    is_rate = [variable is optimizer.learning_rate for variable in optimizer.variables]

    def update(
        weights: list[Tensor], slots: list[Tensor], learning_rate: Tensor, *tensors: Tensor
    ) -> tuple[list[Tensor], list[Tensor], Structure]:
        (_, report), gradients = graded(weights, *tensors)
        slots = [learning_rate if rate else slot for rate, slot in zip(is_rate, slots, strict=True)]
        weights, slots = optimizer.stateless_apply(slots, gradients, weights)
        return weights, slots, report

    jitted = jax.jit(update, donate_argnums=(0, 1))

    def step(*tensors: Tensor) -> Structure:
        updated = [*variables, *optimizer.variables]
        weights, slots, report = jitted([v.value for v in variables], [v.value for v in optimizer.variables], *tensors)
        for variable, value in zip(updated, [*weights, *slots], strict=True):
            variable.assign(value)
        return report

    return step


def rows_where(mask: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
    """All rows: XLA compiles for one number of them."""
    del mask
    return tensors


def cross_entropy(logits: Tensor, targets: Tensor, *, smoothing: float) -> tuple[Tensor, Tensor]:
    """Cross-entropy of each row, in nats, with label smoothing and without; see the TensorFlow side."""
    wide = logits if logits.dtype == jnp.float64 else logits.astype(jnp.float32)
    logarithms = jax.nn.log_softmax(wide)
    plain = -jnp.take_along_axis(logarithms, targets[:, None], axis=-1)[:, 0]
    smoothed = (1 - smoothing) * plain - smoothing * logarithms.mean(axis=-1)
    return smoothed, jax.lax.stop_gradient(plain)
