"""Exports for LiteRT, once TensorFlow Lite: phones, and CPUs through XNNPACK."""

from __future__ import annotations

import os
import threading
import warnings
from pathlib import Path
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.backbones import BatchNorm, PReLU
from facerec_tf.core.errors import UserError
from facerec_tf.serving.embedding_graph import EmbeddingGraph
from facerec_tf.serving.export_format import EmbedExport, ExportFormat


class LiteRt(ExportFormat):
    """A flat file, written by TensorFlow and run by the package ai-edge-litert.

    If the package is missing, TensorFlow's own interpreter is used, which is deprecated.
    """

    file = "model.tflite"
    # Keras' own layers are those the converter knows.
    replacements: ClassVar = {PReLU: keras.layers.PReLU, BatchNorm: keras.layers.BatchNormalization}
    extra = "litert"

    def write(self, graph: EmbeddingGraph, folder: Path) -> None:
        """Writes `model.tflite`."""
        embed = graph.frozen_function().get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([embed], graph)
        (folder / self.file).write_bytes(converter.convert())

    def require_installed(self) -> None:
        """Raises `UserError` if there is neither interpreter."""
        self._interpreter_class()

    def load(self, folder: Path) -> EmbedExport:
        """Returns the function that runs it by XNNPACK on all cores.

        An interpreter has one set of buffers, so a lock admits one thread at a time. One
        interpreter per thread is not faster, as one uses all cores, and each copies the weights.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TensorFlow's interpreter is deprecated.
            interpreter = self._interpreter_class()(
                model_path=str(folder / self.file), num_threads=os.cpu_count()
            )
        interpreter.allocate_tensors()
        (images,) = interpreter.get_input_details()
        # The converter does not keep the outputs' names: only the norms have one axis.
        outputs = {len(output["shape"]): output for output in interpreter.get_output_details()}

        lock = threading.Lock()

        def embed(batch: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
            with lock:
                if tuple(interpreter.get_input_details()[0]["shape"]) != batch.shape:
                    interpreter.resize_tensor_input(images["index"], batch.shape)
                    interpreter.allocate_tensors()
                interpreter.set_tensor(images["index"], batch)
                interpreter.invoke()
                # Copies of the buffers, which the next call changes.
                copies = {n: interpreter.get_tensor(o["index"]) for n, o in outputs.items()}
            return copies[2], copies.get(1)

        return embed

    def _interpreter_class(self) -> type:
        try:
            return self.import_module("ai_edge_litert.interpreter").Interpreter
        except UserError:
            if hasattr(tf.lite, "Interpreter"):
                return tf.lite.Interpreter
            raise
