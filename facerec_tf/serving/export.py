"""Writes a backbone as a SavedModel that runs without this package."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.errors import DataError
from facerec_tf.data import new_directory
from facerec_tf.data.images import decode_any
from facerec_tf.models import weights_digest
from facerec_tf.version import __version__

#: File beside the SavedModel that says what it is.
METADATA = "model.json"


def export(
    backbone: keras.Model,
    directory: str | os.PathLike,
    *,
    flip_fusion: bool = False,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Writes `backbone` as a SavedModel with two signatures, both giving unit float32 embeddings.

    `serving_default` takes `images`, uint8 RGB crops `[batch, h, w, 3]`; `embed_jpeg` takes
    `jpegs`, strings `[batch]`, each an encoded crop of that size. Both return `embedding`
    `[batch, d]`.

    Args:
        backbone: Model from pixels 0–255 to embeddings; computed in float32 whatever its policy.
        directory: New or empty folder.
        flip_fusion: Whether to add the embedding of the mirrored image, at twice the cost.
        metadata: What else to note in `model.json`, such as where the model comes from.

    Raises:
        UserError: If `directory` is not empty or cannot be written.
        DataError: If the weights are not finite.
    """
    backbone = in_float32(backbone)
    for weight in backbone.weights:
        if not tf.reduce_all(tf.math.is_finite(weight.value)):
            raise DataError(f"Weight {weight.path} is not finite: this model cannot be exported.")
    height, width, _ = backbone.input_shape[1:]
    described = {
        "facerec_tf": __version__,
        "backbone": backbone.name,
        "embedding_size": backbone.output_shape[-1],
        "image_size": [height, width],
        "flip_fusion": flip_fusion,
        "digest": weights_digest(backbone),
        **(metadata or {}),
    }
    module = _Serving(backbone, flip_fusion)
    with new_directory(directory) as folder:
        signatures = {"serving_default": module.embed, "embed_jpeg": module.embed_jpeg}
        tf.saved_model.save(module, str(folder), signatures=signatures)
        (folder / METADATA).write_text(json.dumps(described, indent=2) + "\n")


class _Serving(tf.Module):
    """The two signatures."""

    def __init__(self, backbone: keras.Model, flip_fusion: bool) -> None:
        super().__init__()
        self.backbone = backbone
        size = tuple(backbone.input_shape[1:])

        def embed(images: tf.Tensor) -> dict[str, tf.Tensor]:
            embeddings = backbone(tf.cast(images, tf.float32), training=False)
            if flip_fusion:
                mirrored = tf.cast(images[:, :, ::-1], tf.float32)
                embeddings += backbone(mirrored, training=False)
            return {"embedding": tf.math.l2_normalize(embeddings, axis=-1)}

        def embed_jpeg(jpegs: tf.Tensor) -> dict[str, tf.Tensor]:
            def decode(jpeg: tf.Tensor) -> tf.Tensor:
                return tf.ensure_shape(decode_any(jpeg), size)

            spec = tf.TensorSpec(size, tf.uint8)
            return embed(tf.map_fn(decode, jpegs, fn_output_signature=spec))

        crops = tf.TensorSpec([None, *size], tf.uint8, name="images")
        strings = tf.TensorSpec([None], tf.string, name="jpegs")
        self.embed = tf.function(embed, input_signature=[crops])
        self.embed_jpeg = tf.function(embed_jpeg, input_signature=[strings])


def in_float32(model: keras.Model) -> keras.Model:
    """Rebuilds a mixed-precision model in float32 around copies of the same weights."""

    def rebuild(layer: keras.layers.Layer) -> keras.layers.Layer:
        return layer.__class__.from_config({**layer.get_config(), "dtype": "float32"})

    clone = keras.models.clone_model(model, clone_function=rebuild)
    clone.set_weights(model.get_weights())
    return clone
