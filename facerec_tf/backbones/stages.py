"""The stages of a network: what fine-tuning freezes, or lets learn slowly."""

from __future__ import annotations

import keras

#: The last stage, which turns features into the embedding.
HEAD = "head"


def stage_of(layer: keras.layers.Layer) -> str:
    """Returns the stage a backbone's layer belongs to: its name up to the first underscore."""
    return HEAD if layer.name == "embedding" else layer.name.split("_")[0]


def stages(backbone: keras.Model) -> dict[str, list[keras.layers.Layer]]:
    """Returns the layers that have weights, by stage, from the image to the embedding."""
    found: dict[str, list[keras.layers.Layer]] = {}
    for layer in backbone.layers:
        if layer.weights:
            found.setdefault(stage_of(layer), []).append(layer)
    return found
