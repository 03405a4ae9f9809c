"""Comparison of an imported network with its ONNX file in ONNX Runtime."""

from __future__ import annotations

import os

import keras
import numpy as np

from facerec_tf.core.angles import l2_normalize
from facerec_tf.core.errors import DataError, UserError
from facerec_tf.core.extras import load_extra
from facerec_tf.core.quote import shortened
from facerec_tf.pretrained.weight_source import Scaling

#: Largest difference of unit embeddings that float32 rounding can cause.
_TOLERANCE = 1e-3


def compare_with_onnx_runtime(
    network: keras.Model, path: str | os.PathLike, feed: Scaling, channels: str
) -> str:
    """Checks that an imported network and its ONNX file compute the same embeddings.

    The import compares weights and connections only; strides or activations may still differ.

    Args:
        network: The imported network.
        path: Its ONNX file.
        feed: Scaling of the pixels before the file's network.
        channels: Channel order of the file's network, `rgb` or `bgr`.

    Returns:
        The result in a few words. Nothing is compared where ONNX Runtime cannot be imported.

    Raises:
        DataError: If the embeddings differ, or ONNX Runtime cannot run the file.
    """
    try:
        onnxruntime = load_extra("onnxruntime", "onnx")
    except UserError as error:
        return f"not compared with ONNX Runtime. {error}"
    pixels = np.random.default_rng(0).integers(0, 256, (2, *network.input_shape[1:]))
    images = pixels.astype(np.float32)
    fed = images if channels == "rgb" else images[..., ::-1]
    fed = (fed * feed.scale + feed.offset).astype(np.float32).transpose(0, 3, 1, 2)
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        theirs = np.concatenate([session.run(None, {name: image[None]})[0] for image in fed])
    except Exception as error:  # ONNX Runtime has exceptions of its own.
        raise DataError(f"ONNX Runtime cannot run '{path}': {shortened(error)}") from error
    ours = network(images, training=False)
    difference = float(np.abs(l2_normalize(ours) - l2_normalize(theirs)).max())
    if not difference < _TOLERANCE:
        raise DataError(
            f"Weight file '{path}' has the layers of {network.name} but computes other embeddings: "
            f"unit embeddings differ by {difference:.1e} (tolerance {_TOLERANCE:g})."
        )
    return f"unit embeddings differ from ONNX Runtime's by {difference:.1e}"
