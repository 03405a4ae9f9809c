"""Stages of a network: the units in which fine-tuning freezes layers or slows them down."""

from __future__ import annotations

import keras

#: Name of the last stage, which computes the embedding from the features.
HEAD = "head"


def stage_of(layer: keras.layers.Layer) -> str:
    """Returns the stage of a backbone's layer: the layer's name up to the first underscore."""
    return HEAD if layer.name == "embedding" else layer.name.split("_")[0]


def stages(backbone: keras.Model) -> dict[str, list[keras.layers.Layer]]:
    """Returns the layers with weights by stage, ordered from the image to the embedding."""
    found: dict[str, list[keras.layers.Layer]] = {}
    for layer in backbone.layers:
        if layer.weights:
            found.setdefault(stage_of(layer), []).append(layer)
    return found
