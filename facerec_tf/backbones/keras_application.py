"""Face backbones built from `keras.applications`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from facerec_tf.backbones import blocks
from facerec_tf.backbones.grouped_conv import GroupedConv2D
from facerec_tf.backbones.heads import HEADS
from facerec_tf.core.errors import ArgumentError
from facerec_tf.core.lookup import lookup


def _constructors() -> dict[str, Callable[..., keras.Model]]:
    """Returns the functions of `keras.applications` that build networks with an optional top."""
    functions = inspect.getmembers(keras.applications, inspect.isfunction)
    return {
        name: function
        for name, function in functions
        if "include_top" in inspect.signature(function).parameters
    }


#: Constructors by name, such as "EfficientNetV2B0".
APPLICATIONS = _constructors()


def keras_application(
    model: str,
    *,
    embedding_size: int = 512,
    dropout: float = 0.4,
    input_shape: tuple[int, int, int] = (112, 112, 3),
    embedding_head: str = "E",
    name: str | None = None,
) -> keras.Model:
    """Builds a face backbone from a network of `keras.applications`, randomly initialised.

    The layers keep their names, and BatchNorm layers their momentum and ε. Layers that would not
    train on several replicas or on a CPU are replaced: see `_adapt`.

    Args:
        model: A key of `APPLICATIONS`, such as "EfficientNetV2B0".
        embedding_size: Length of the embedding.
        dropout: Fraction of the features dropped before the FC in training.
        input_shape: Height, width and channels of the input.
        embedding_head: A key of `heads.HEADS`.
        name: Name of the model; `model` by default.

    Returns:
        A model from RGB pixels 0–255 `[batch, h, w, 3]` to float32 embeddings
        `[batch, embedding_size]`, not normalised.

    Raises:
        ArgumentError: If an argument is outside its domain, a name is unknown, or the input is
            smaller than the network accepts.
    """
    constructor = lookup(APPLICATIONS, model, "model")
    blocks.check_arguments(embedding_size, dropout, input_shape)
    head = lookup(HEADS, embedding_head, "embedding_head")
    image, scaled = blocks.image_input(input_shape)
    try:
        network = constructor(
            include_top=False,
            weights=None,
            input_tensor=image if _scales_itself(constructor) else scaled,
            input_shape=tuple(input_shape),
        )
    except ValueError as error:
        raise ArgumentError(
            f"Argument 'input_shape' must be one that {model} accepts. "
            f"Received: input_shape={input_shape!r} ({error})"
        ) from error
    network = keras.models.clone_model(network, clone_function=_adapt)
    x = head(network.output, embedding_size, dropout)
    return keras.Model(network.inputs[0], x, name=name or model)


def _adapt(layer: Any) -> Any:
    """Returns a copy of a layer, replaced or reconfigured where face training requires it."""
    kind, config = layer.__class__, layer.get_config()
    if kind is keras.layers.BatchNormalization:
        config["synchronized"] = True
    elif kind is keras.layers.Normalization and config["mean"] is None:
        # Without statistics it would need `adapt`, and it has an integer weight. [0, 1] → [−1, 1].
        config |= {"mean": 0.5, "variance": 0.25}
    elif kind is keras.layers.Conv2D and config["groups"] > 1:
        kind = GroupedConv2D
    return kind.from_config(config)


def _scales_itself(constructor: Callable[..., keras.Model]) -> bool:
    """Whether a network takes pixels 0–255: its module's `preprocess_input` then does nothing."""
    pixels = np.full((1, 1, 1, 3), 200.0)
    prepared = sys.modules[constructor.__module__].preprocess_input(pixels.copy())
    return np.array_equal(prepared, pixels)
