"""Compares an imported network with the file it came from, run by ONNX Runtime."""

from __future__ import annotations

import importlib.util
import os

import keras
import numpy as np

from facerec_tf.core.angles import l2_normalize
from facerec_tf.core.errors import DataError
from facerec_tf.pretrained.weight_source import Scaling

#: Largest difference of unit embeddings that float32 explains.
_TOLERANCE = 1e-3


def prove(network: keras.Model, path: str | os.PathLike, feed: Scaling, channels: str) -> str:
    """Checks that the network computes what its ONNX file does; where it can be run.

    The same layers in the same arrangement may still have other strides or activations.

    Args:
        network: The imported network.
        path: Its ONNX file.
        feed: What is done to pixels before the file's network gets them.
        channels: `rgb` or `bgr`, the order it takes.

    Returns:
        What was found, in a few words.

    Raises:
        DataError: If they differ.
    """
    if not importlib.util.find_spec("onnxruntime"):
        return "not compared: ONNX Runtime is not installed"
    import onnxruntime

    images = np.random.default_rng(0).integers(0, 256, (2, *network.input_shape[1:]))
    images = images.astype(np.float32)
    fed = images if channels == "rgb" else images[..., ::-1]
    fed = (fed * feed.scale + feed.offset).astype(np.float32).transpose(0, 3, 1, 2)
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        theirs = np.concatenate([session.run(None, {name: image[None]})[0] for image in fed])
    except Exception as error:  # ONNX Runtime's own kinds.
        raise DataError(f"ONNX Runtime cannot run '{path}': {error}") from error
    ours = network(images, training=False)
    difference = float(np.abs(l2_normalize(ours) - l2_normalize(theirs)).max())
    if not difference < _TOLERANCE:
        raise DataError(
            f"Weight file '{path}' holds another network with the layers of {network.name}: its "
            f"unit embeddings differ by {difference:.1e}."
        )
    return f"unit embeddings differ from ONNX Runtime's by {difference:.1e}"
