"""Adapts a network to images of another size."""

from __future__ import annotations

from typing import Any

import keras

from facerec_tf.backbones.fit_pixels import FitPixels


def fit(backbone: keras.Model, image_size: tuple[int, int]) -> keras.Model:
    """Returns the network for images of `image_size`, which it crops and scales itself.

    Images of other proportions are cropped at the centre: 112×112 becomes SphereFace's 112×96 by
    removing 8 columns on each side, which is also how the two alignment templates differ.

    Args:
        backbone: Network from `[batch, h, w, 3]`; returned unchanged if h and w match.
        image_size: Height and width of the images.
    """
    height, width, channels = backbone.input_shape[1:]
    if (height, width) == tuple(image_size):
        return backbone
    image = keras.Input((*image_size, channels), name="image")
    fitted = FitPixels(height, width, name="fit_pixels")(image)
    front = keras.Model(image, fitted).get_config()["layers"]
    config = backbone.get_config()
    # Keras has no function that inserts a layer in front of a model and keeps the graph flat.
    (old_input,) = (x for x in config["layers"] if x["class_name"] == "InputLayer")
    others = [x for x in config["layers"] if x is not old_input]
    rest = _redirect(others, old_input["config"]["name"], "fit_pixels")
    config = {**config, "layers": [*front, *rest], "input_layers": ["image", 0, 0]}
    fitted = type(backbone).from_config(config)
    fitted.set_weights(backbone.get_weights())
    return fitted


def _redirect(part: Any, old: str, new: str) -> Any:
    """Returns a part of a configuration with the output of layer `old` replaced by `new`'s."""
    if isinstance(part, dict):
        part = {key: _redirect(value, old, new) for key, value in part.items()}
        if part.get("keras_history", [None])[0] == old:
            part["keras_history"] = [new, *part["keras_history"][1:]]
        return part
    if isinstance(part, list | tuple):
        return type(part)(_redirect(value, old, new) for value in part)
    return part
