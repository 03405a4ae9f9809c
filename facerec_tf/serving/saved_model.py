"""Exports as TensorFlow's SavedModel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.alignment import TEMPLATES
from facerec_tf.alignment.warp import FaceWarp
from facerec_tf.backbones import PReLU
from facerec_tf.data.images import decode_any
from facerec_tf.serving.embedding_graph import EMBEDDING, IMAGES, NORM, EmbeddingGraph
from facerec_tf.serving.export_format import EmbedExport, ExportFormat


class _ClampedPReLU(keras.layers.PReLU):
    """PReLU by a maximum and a minimum, which TensorFlow runs faster than a choice."""

    def call(self, inputs: Any) -> Any:
        return tf.maximum(inputs, 0.0) + self.alpha * tf.minimum(inputs, 0.0)


class SavedModel(ExportFormat):
    """TensorFlow's own format, for every TensorFlow there is: Python, C++, Serving.

    Signatures: `serving_default` takes `images`, uint8 crops `[batch, h, w, 3]`, `embed_jpeg`
    takes `jpegs`, strings `[batch]`, each an encoded crop of that size, whose Exif orientation is
    ignored: TensorFlow's decoder does not read it. Where an alignment template
    has that size, `embed_photo` takes `photos`, uint8 `[batch, height, width, 3]` of any one size,
    and `landmarks`, float32 `[batch, 5, 2]`, and crops by that template: right for networks that
    were trained on crops by it. All return `embedding`
    and its `norm` before normalisation.
    """

    file = "saved_model.pb"
    replacements: ClassVar = {PReLU: _ClampedPReLU}
    #: Whether XLA compiles the network where it is loaded.
    jit_compile = False

    def write(self, graph: EmbeddingGraph, folder: Path) -> None:
        """Writes the signatures."""
        embed = _of_any_number(graph.function(self.jit_compile), graph.crops)
        crop = tf.TensorSpec(graph.crops.shape[1:], tf.uint8)

        def decode(jpeg: tf.Tensor) -> tf.Tensor:
            return tf.ensure_shape(decode_any(jpeg), crop.shape)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="jpegs")])
        def embed_jpeg(jpegs: tf.Tensor) -> dict[str, tf.Tensor]:
            return embed(tf.map_fn(decode, jpegs, fn_output_signature=crop))

        signatures = {"serving_default": embed, "embed_jpeg": embed_jpeg}
        for template in TEMPLATES.values():
            if template.size == tuple(crop.shape[:2]):
                signatures["embed_photo"] = _embed_photo(embed, FaceWarp(template))
        tf.saved_model.save(graph, str(folder), signatures=signatures)

    def load(self, folder: Path) -> EmbedExport:
        """Returns the function that calls `serving_default`."""
        model = tf.saved_model.load(str(folder))

        def embed(images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
            call = model.signatures["serving_default"]
            outputs = call(**{IMAGES: tf.constant(images)})
            return outputs[EMBEDDING].numpy(), outputs[NORM].numpy() if NORM in outputs else None

        return embed


def _of_any_number(
    embed: Callable, crops: tf.TensorSpec
) -> tf.types.experimental.PolymorphicFunction:
    """Returns a function that also takes no images, which TensorFlow's fused convolutions do not.

    It embeds one black image instead, and returns nothing.
    """

    @tf.function(input_signature=[crops])
    def embed_any(images: tf.Tensor) -> dict[str, tf.Tensor]:
        count = tf.shape(images)[0]
        missing = tf.cast(tf.equal(count, 0), tf.int32)
        outputs = embed(tf.pad(images, [[0, missing], [0, 0], [0, 0], [0, 0]]))
        return {name: output[:count] for name, output in outputs.items()}

    return embed_any


def _embed_photo(embed: Callable, align: FaceWarp) -> tf.types.experimental.PolymorphicFunction:
    photos = tf.TensorSpec([None, None, None, 3], tf.uint8, name="photos")
    landmarks = tf.TensorSpec([None, 5, 2], tf.float32, name="landmarks")

    @tf.function(input_signature=[photos, landmarks])
    def embed_photo(photos: tf.Tensor, landmarks: tf.Tensor) -> dict[str, tf.Tensor]:
        return embed(align(photos, landmarks))

    return embed_photo
