"""Face alignment as a Keras layer, for exported models that take photographs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.alignment.templates import Template


@keras.saving.register_keras_serializable(package="facerec_tf")
class FaceWarp(keras.layers.Layer):
    """Crops one face of each photograph like `alignment.crop`.

    Invalid landmarks raise no error inside a graph: if all coincide, the crop has one colour; if
    some are not finite, it is black.

    Args:
        template: Target positions of the landmarks, and the size of the crops.
        **kwargs: Passed to `keras.layers.Layer`. `dtype` is always float32: half precision cannot
            represent fractions of a pixel.
    """

    def __init__(self, template: Template, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32", "autocast": False})
        self.template = template

    def call(self, images: Any, landmarks: Any) -> tf.Tensor:
        """Returns the crops `[batch, *template.size, channels]`, with the dtype of `images`.

        Args:
            images: `[batch, height, width, channels]` of any numeric type.
            landmarks: `[batch, 5, 2]`, x and y in pixels, in the order of `Face.landmarks`.
        """
        batch, height, width, channels = tf.unstack(tf.shape(images))
        pixels = tf.reshape(images, [batch, height * width, images.shape[-1] or channels])
        x, y = self._places(tf.cast(landmarks, tf.float32))
        crops = 0.0
        for row, row_weight in _neighbours(y, height):
            for column, column_weight in _neighbours(x, width):
                found = tf.gather(pixels, row * width + column, batch_dims=1)
                weight = row_weight * column_weight
                crops += weight[..., tf.newaxis] * tf.cast(found, tf.float32)
        return tf.cast(tf.round(crops) if images.dtype.is_integer else crops, images.dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the constructor."""
        fields = dataclasses.asdict(self.template)
        return {
            **super().get_config(),
            "template": {**fields, "points": self.template.points.tolist()},
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> FaceWarp:
        """Creates the layer from the result of `get_config`."""
        fields = config["template"]
        size, points = tuple(fields["size"]), np.array(fields["points"])
        return cls(**{**config, "template": Template(fields["name"], size, points)})

    def _places(self, landmarks: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns x and y in the photograph of the crop's pixels, each `[batch, height, width]`.

        For points as complex numbers, a similarity is z → a·z + b, and Umeyama's least squares
        are a linear regression of slope a = Σ z̄·w / Σ |z|².
        """
        height, width = self.template.size
        target_mean = self.template.points.mean(axis=0)
        target = tf.constant(self.template.points - target_mean, tf.float32)
        mean = tf.reduce_mean(landmarks, axis=1, keepdims=True)
        source = landmarks - mean
        real = tf.reduce_sum(source * target, axis=[1, 2])
        crossed = source[..., 0] * target[:, 1] - source[..., 1] * target[:, 0]
        imaginary = tf.reduce_sum(crossed, axis=1)
        # 1/a maps the crop back to the photograph.
        spread = tf.reduce_sum(source**2, axis=[1, 2])
        shrink = tf.math.divide_no_nan(spread, real**2 + imaginary**2)
        cosine, sine = (
            part[:, tf.newaxis, tf.newaxis] for part in (shrink * real, shrink * imaginary)
        )

        across = tf.constant(np.arange(width) - target_mean[0], tf.float32)
        down = tf.constant(np.arange(height) - target_mean[1], tf.float32)[:, tf.newaxis]
        x = cosine * across + sine * down + mean[..., :1]
        y = cosine * down - sine * across + mean[..., 1:]
        return x, y


def _neighbours(places: tf.Tensor, length: tf.Tensor) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
    """Yields the indices before and after positions along an axis, and their weights.

    Indices outside the axis get the weight zero and are replaced by a valid index.
    """
    before = tf.floor(places)
    share = places - before
    for place, weight in ((before, 1 - share), (before + 1, share)):
        is_inside = (place >= 0) & (place < tf.cast(length, tf.float32))
        index = tf.clip_by_value(tf.cast(place, tf.int32), 0, length - 1)
        yield index, tf.where(is_inside, weight, 0.0)
