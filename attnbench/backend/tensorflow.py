"""TensorFlow's side of the backend; the time loop and its products have files of their own."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from attnbench.backend.tensorflow_products import matvec as matvec
from attnbench.backend.tensorflow_products import product as product
from attnbench.backend.tensorflow_products import vecmat as vecmat
from attnbench.backend.tensorflow_scan import scan as scan
from attnbench.tensors import Shape, Structure, Tensor

RESETS_MEMORY_PEAK = True


def configure(*, threads: int, precision: str, deterministic: bool, device: str) -> None:
    """Configures this process; call it before the framework's first use.

    Inter-op parallelism is 1: with more, two identical runs can differ.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_tensor_float_32_execution(precision == "tf32")
    gpus = tf.config.list_physical_devices("GPU")
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    elif device == "gpu" and not gpus:
        raise ValueError(
            "device=gpu found no GPU that TensorFlow can use. Install 'attnbench[gpu]' and check nvidia-smi, "
            "or use device=cpu."
        )
    for gpu in gpus if device != "cpu" else ():
        tf.config.experimental.set_memory_growth(gpu, True)
    if deterministic:
        tf.config.experimental.enable_op_determinism()


def device_name() -> str:
    """`GPU:0` where the framework computes on a GPU, else `CPU:0`."""
    return "GPU:0" if tf.config.get_visible_devices("GPU") else "CPU:0"


def memory_peak_bytes() -> int | None:
    """Peak bytes of the framework's allocator since the last reset; None where it does not count.

    On a CPU only oneDNN's allocator counts, and only allocations of 256 KiB and more.
    """
    try:
        return int(tf.config.experimental.get_memory_info(device_name())["peak"])
    except ValueError:
        return None


def reset_memory_peak() -> None:
    """Restarts the peak from what is allocated now, where it is counted."""
    if memory_peak_bytes() is not None:
        tf.config.experimental.reset_memory_stats(device_name())


def read(value: Tensor) -> np.ndarray:
    """The value as a NumPy array; waits until it is computed."""
    return np.asarray(value.numpy())


def compiled(function: Callable[..., Structure], variables: Sequence[keras.Variable]) -> Callable[..., Structure]:
    """`function` of tensors as one graph for all sizes of its arguments; `variables` are read at each call."""
    del variables
    traced: Callable[..., Structure] | None = None

    def call(*tensors: Tensor) -> Structure:
        nonlocal traced
        if traced is None:  # every axis of the first arguments is left open but that of vectors
            specs = [tf.TensorSpec(x.shape if len(x.shape) < 2 else (None,) * len(x.shape), x.dtype) for x in tensors]
            traced = tf.function(function, input_signature=specs, autograph=False)
        return traced(*tensors)

    return call


def fused(function: Callable[..., Structure]) -> Callable[..., Structure]:
    """`function`, of element-wise operations and sums, as one XLA kernel forward and one backward.

    The backward kernel computes the function again: that costs less than keeping what lies between.

    Args:
        function: tensors -> tensor, or tuple of tensors; it uses nothing but its arguments.
    """
    forward = tf.function(function, jit_compile=True, autograph=False)

    @tf.function(jit_compile=True, autograph=False)
    def backward(arguments: Sequence[Tensor], upstream: Structure) -> list[Tensor]:
        floats = [x for x in arguments if x.dtype.is_floating]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(floats)
            results = function(*arguments)
        return tape.gradient(results, floats, output_gradients=upstream, unconnected_gradients="zero")

    @tf.custom_gradient
    def call(*arguments: Tensor) -> tuple[Structure, Callable[..., list[Tensor | None]]]:
        results = forward(*arguments)

        def gradient(*upstream: Tensor) -> list[Tensor | None]:
            gradients = iter(backward(arguments, upstream if isinstance(results, tuple) else upstream[0]))
            return [next(gradients) if x.dtype.is_floating else None for x in arguments]

        return results, gradient

    return call


def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent in the type of `x`."""
    if x.dtype == tf.bfloat16 and not tf.config.get_visible_devices("GPU"):
        return tf.cast(tf.tanh(tf.cast(x, tf.float32)), x.dtype)  # with both casts faster than the CPU's own kernel
    return tf.tanh(x)


def total(terms: Sequence[Tensor]) -> Tensor:
    """The sum of tensors of one shape; in a time loop they share one gradient, which is collected once."""
    return tf.add_n(list(terms))


def uniform(shape: Shape, key: Tensor, stream: int) -> Tensor:
    """Numbers in [0, 1) that depend on `key` (2,) int32 and the number `stream` alone."""
    return tf.random.stateless_uniform(shape, seed=key + tf.constant([0, stream], tf.int32), alg="philox")


def training_step(
    loss_function: Callable[..., tuple[Tensor, Structure]],
    variables: Sequence[keras.Variable],
    optimizer: keras.optimizers.Optimizer,
) -> Callable[..., Structure]:
    """One optimiser step as one graph for all sizes of a batch.

    Args:
        loss_function: tensors -> (loss to minimise, what to report).
        variables: the trainable weights.
        optimizer: a built Keras optimiser.

    Returns:
        learning rate (), then tensors -> what `loss_function` reports.
    """
    weights = [variable.value for variable in variables]

    def step(learning_rate: Tensor, *tensors: Tensor) -> Structure:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for weight in weights:
                tape.watch(weight)
            loss, report = loss_function(*tensors)
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, weights)]
        optimizer.learning_rate.assign(learning_rate)
        optimizer.apply(gradients)
        return report

    return compiled(step, variables)


class Adam(keras.optimizers.Adam):
    """Keras' Adam (Kingma and Ba 2015), each weight updated by one kernel in place, where Keras takes a dozen.

    The global norm, too, comes from kernels that need no squares of all gradients in memory.
    """

    def update_step(self, gradient: Tensor, variable: tf.Variable, learning_rate: Tensor) -> None:
        """Updates `variable` and its two moments, as Keras' own step does."""
        index = self._get_variable_index(variable)
        dtype = variable.dtype
        step = tf.cast(self.iterations.value + 1, dtype)
        beta_1, beta_2 = tf.constant(self.beta_1, dtype), tf.constant(self.beta_2, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=beta_1**step,
            beta2_power=beta_2**step,
            lr=tf.cast(learning_rate, dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.constant(self.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )

    def _clip_gradients(self, grads: list[Tensor]) -> list[Tensor]:
        if self.global_clipnorm is None:
            return super()._clip_gradients(grads)
        return tf.clip_by_global_norm(grads, self.global_clipnorm)[0]


def rows_where(mask: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
    """The rows of `tensors`, (rows, ...) each, where `mask` (rows,) is True."""
    indices = tf.where(mask)[:, 0]
    return tuple(tf.gather(x, indices) for x in tensors)


def cross_entropy(logits: Tensor, targets: Tensor, *, smoothing: float) -> tuple[Tensor, Tensor]:
    """Cross-entropy of each row, in nats, with label smoothing and without.

    The smoothed target gives the true class 1 - smoothing and spreads smoothing evenly over all classes (Szegedy et
    al. 2016). The backward pass reuses the probabilities of the forward one, so only they are held.

    Args:
        logits: (rows, classes).
        targets: (rows,) int32.
        smoothing: at least 0, below 1.

    Returns:
        (smoothed, plain), each (rows,) float32, float64 for such logits; a gradient flows through the first alone.
    """
    classes = logits.shape[-1]
    true_classes = tf.stack([tf.range(tf.shape(targets)[0]), targets], axis=-1)  # (rows, 2): row and class

    @tf.custom_gradient
    def losses(logits: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[[Tensor, Tensor], Tensor]]:
        wide = logits if logits.dtype == tf.float64 else tf.cast(logits, tf.float32)
        probabilities = tf.nn.softmax(wide)
        # The likeliest class has logit - normaliser = log probability, and its probability is never tiny.
        normaliser = tf.reduce_max(wide, axis=-1) - tf.math.log(tf.reduce_max(probabilities, axis=-1))
        plain = normaliser - tf.gather_nd(wide, true_classes)
        smoothed = plain
        if smoothing:
            even = normaliser - tf.reduce_mean(wide, axis=-1)
            smoothed = (1 - smoothing) * plain + smoothing * even

        def gradient(upstream: Tensor, _: Tensor) -> Tensor:
            scaled = probabilities * upstream[:, None]
            if smoothing:
                scaled -= upstream[:, None] * (smoothing / classes)
            # Unlike tensor_scatter_nd_sub this works in place.
            truth = (smoothing - 1) * upstream
            scaled = tf.raw_ops.ScatterNdNonAliasingAdd(input=scaled, indices=true_classes, updates=truth)
            return tf.cast(scaled, logits.dtype)

        return (smoothed, plain), gradient

    smoothed, plain = losses(logits)
    return smoothed, tf.stop_gradient(plain)
