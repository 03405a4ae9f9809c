"""Local response normalisation across channels."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.errors import require, require_count, require_non_negative, require_positive


@keras.saving.register_keras_serializable(package="facerec_tf")
class LocalResponseNorm(keras.layers.Layer):
    """Divides each channel by the energy of its neighbours (AlexNet, NIPS 2012, §3.3).

    `y_c = x_c / (k + α/size · Σ x_j²)^β` over the `size` channels j around c. As in Caffe's
    GoogLeNet and PyTorch, α is divided by `size`; in AlexNet's formula it is not. Computes in
    float32 under any precision policy, because the square of 256 overflows float16.

    Args:
        size: Number of channels in the window; must be odd.
        alpha: α.
        beta: β.
        k: k.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ArgumentError: If an argument is outside its domain.
    """

    def __init__(
        self,
        size: int = 5,
        alpha: float = 1e-4,
        beta: float = 0.75,
        k: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        require_count("size", size)
        require(size % 2 == 1, "size", "odd", size)
        require_non_negative("alpha", alpha)
        require_non_negative("beta", beta)
        require_positive("k", k)
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def call(self, inputs: Any) -> Any:
        """Returns `inputs` `[batch, h, w, channels]` normalised, in the same shape and dtype."""
        outputs = tf.nn.local_response_normalization(
            ops.cast(inputs, "float32"),
            depth_radius=self.size // 2,
            bias=self.k,
            alpha=self.alpha / self.size,
            beta=self.beta,
        )
        return ops.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        own = {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}
        return {**super().get_config(), **own}
