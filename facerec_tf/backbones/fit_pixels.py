"""Crops cut and scaled to the size a network takes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="facerec_tf")
class FitPixels(keras.layers.Layer):
    """Cuts images at the centre to a shape's proportions, then scales them to it, bilinearly.

    What `keras.layers.Resizing(crop_to_aspect_ratio=True)` does, which cannot stand in a network:
    its call puts all layers after it into training mode (Keras 3.15).

    Args:
        height: Of the result.
        width: Of the result.
        **kwargs: Passed to `keras.layers.Layer`; `dtype` is float32 under any policy, as half
            precision has not the digits for pixels between pixels.
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
        """Returns height and width."""
        return {**super().get_config(), "height": self.height, "width": self.width}
