"""Cropping and scaling of images to the input size of a network."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="facerec_tf")
class FitPixels(keras.layers.Layer):
    """Crops images at the centre to the proportions of a shape, then scales them bilinearly.

    Equal to `keras.layers.Resizing(crop_to_aspect_ratio=True)`, which cannot be used inside a
    network because it puts all later layers into training mode (Keras 3.15).

    Args:
        height: Height of the output, in pixels.
        width: Width of the output, in pixels.
        **kwargs: Passed to `keras.layers.Layer`; `dtype` is float32 under any policy, because
            half precision has too few digits for interpolated pixels.
    """

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.height = height
        self.width = width

    def call(self, images: Any) -> Any:
        """Returns float32 images `[batch, height, width, channels]`."""
        size = (self.height, self.width)
        return ops.image.resize(images, size, "bilinear", crop_to_aspect_ratio=True)

    def compute_output_shape(self, shape: tuple) -> tuple:
        """Returns `(batch, height, width, channels)`."""
        return (shape[0], self.height, self.width, shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "height": self.height, "width": self.width}
