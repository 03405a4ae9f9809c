"""L2 pooling: the norm of each window."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from facerec_tf.core.errors import require, require_count

#: Added under the root, whose gradient at 0 is infinite: windows of dead units are all 0.
_EPSILON = 1e-12


@keras.saving.register_keras_serializable(package="facerec_tf")
class L2Pooling(keras.layers.Layer):
    """Replaces each pixel by the L2 norm of the window around it, per channel.

    `y = √(Σ x²)` over `size`×`size` pixels with stride 1 and zeros outside the image. FaceNet says
    "the L2 norm is computed" (1503.03832, table 2), which is the root of the sum, not of the mean;
    OpenFace's networks agree. Computes in float32 under any precision policy, because the square of
    256 overflows float16.

    Args:
        size: Side of the window in pixels; must be odd.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ArgumentError: If an argument is outside its domain.
    """

    def __init__(self, size: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        require_count("size", size)
        require(size % 2 == 1, "size", "odd", size)
        self.size = size

    def call(self, inputs: Any) -> Any:
        """Returns the norms of the windows of `inputs` `[batch, h, w, channels]`, same shape."""
        edge = (self.size // 2, self.size // 2)
        squares = ops.pad(ops.square(ops.cast(inputs, "float32")), ((0, 0), edge, edge, (0, 0)))
        # Padded explicitly: TensorFlow does not count the pixels that it pads in its averages.
        means = ops.average_pool(squares, self.size, strides=1, padding="valid")
        return ops.cast(ops.sqrt(self.size**2 * means + _EPSILON), self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "size": self.size}
