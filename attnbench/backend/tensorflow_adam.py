"""Adam with TensorFlow's own kernels."""

import keras
import tensorflow as tf

from attnbench.tensors import Tensor


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
