"""Writes a backbone in a form that runs without this package."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.errors import DataError
from facerec_tf.core.lookup import lookup
from facerec_tf.data import new_directory
from facerec_tf.models import weights_digest
from facerec_tf.serving.description import write_description
from facerec_tf.serving.embedding_graph import EmbeddingGraph
from facerec_tf.serving.float32 import in_float32
from facerec_tf.serving.fold import fold_batch_norm
from facerec_tf.serving.table import EXPORT_FORMATS
from facerec_tf.version import __version__


def export(
    backbone: keras.Model,
    directory: str | os.PathLike,
    *,
    form: str = "saved_model",
    flip_fusion: bool = False,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Writes `backbone`, from uint8 RGB crops `[batch, h, w, 3]` to unit float32 embeddings.

    Input and output are called `images` and `embedding` in every form. Batch normalisation is
    folded into the layers around it, and layers are written as the form runs them fastest.
    `model.json` has the SHA-256 of every file, which `Embedder` compares.

    Args:
        backbone: Model from pixels 0–255 to embeddings; computed in float32 for any policy.
        directory: New or empty folder.
        form: A key of `EXPORT_FORMATS`.
        flip_fusion: Whether to add the embedding of the mirrored image, at twice the cost.
        metadata: What else to note in `model.json`, such as where the model comes from.

    Raises:
        UserError: If `directory` is not empty or cannot be written, the form is unknown, or a
            package it needs is missing.
        DataError: If the weights are not finite.
    """
    chosen = lookup(EXPORT_FORMATS, form, "form")
    chosen.require_installed()
    backbone = in_float32(backbone)
    for weight in backbone.weights:
        if not tf.reduce_all(tf.math.is_finite(weight.value)):
            raise DataError(
                f"Weight '{weight.path}' contains NaN or infinity: training diverged, or the file "
                "is damaged. Export an earlier state, for example with --checkpoint=best."
            )
    height, width, _ = backbone.input_shape[1:]
    described = {
        "facerec_tf": __version__,
        "form": form,
        "backbone": backbone.name,
        "embedding_size": backbone.output_shape[-1],
        "image_size": [height, width],
        "flip_fusion": flip_fusion,
        "norm": True,
        "digest": weights_digest(backbone),
        **(metadata or {}),
    }
    graph = EmbeddingGraph(fold_batch_norm(backbone, chosen.replacements), flip_fusion)
    with new_directory(directory) as folder:
        chosen.write(graph, folder)
        write_description(folder, described)
