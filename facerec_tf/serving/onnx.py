"""Exports as ONNX, for ONNX Runtime and other readers of the format."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.backbones import BatchNorm, PReLU
from facerec_tf.serving.embedding_graph import EMBEDDING, IMAGES, NORM, EmbeddingGraph
from facerec_tf.serving.export_format import EmbedExport, ExportFormat

#: Version of the operator set: known to ONNX Runtime since 1.12, of July 2022.
OPSET = 17


class _BlendedPReLU(keras.layers.PReLU):
    """PReLU without a comparison: ONNX Runtime keeps its blocked layout through sums and ReLUs."""

    def call(self, inputs: Any) -> Any:
        return self.alpha * inputs + (1.0 - self.alpha) * tf.nn.relu(inputs)


class Onnx(ExportFormat):
    """An ONNX file, written by tf2onnx and run by ONNX Runtime.

    Writing takes some seventy times the file in memory: tf2onnx copies the graph again and again.
    """

    file = "model.onnx"
    replacements: ClassVar = {PReLU: _BlendedPReLU, BatchNorm: keras.layers.BatchNormalization}
    modules = ("tf2onnx", "onnxruntime")
    extra = "onnx"

    def write(self, graph: EmbeddingGraph, folder: Path) -> None:
        """Writes `model.onnx`."""
        tf2onnx = self.import_module("tf2onnx")
        embed = graph.function()
        path = str(folder / self.file)
        tf2onnx.convert.from_function(embed, [graph.crops], opset=OPSET, output_path=path)

    def load(self, folder: Path) -> EmbedExport:
        """Returns the function that runs it on all cores."""
        onnxruntime = self.import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = os.cpu_count()
        providers = ["CPUExecutionProvider"]
        try:
            session = onnxruntime.InferenceSession(folder / self.file, options, providers)
        except Exception as error:  # of many classes, whose only common base it is
            raise ValueError(str(error)) from error
        has_norm = NORM in {output.name for output in session.get_outputs()}

        def embed(images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
            names = [EMBEDDING, NORM] if has_norm else [EMBEDDING]
            embeddings, *norms = session.run(names, {IMAGES: images})
            return embeddings, norms[0] if norms else None

        return embed
