"""Puts another project's weights into a backbone of ours."""

from __future__ import annotations

import os
from typing import Any

import keras
import numpy as np

from facerec_tf.backbones import Backbone, find
from facerec_tf.core.errors import ArgumentError, DataError, require, require_positive
from facerec_tf.core.lookup import require_known
from facerec_tf.data import sample_images
from facerec_tf.models import Recognizer
from facerec_tf.pretrained.calibration import calibrate
from facerec_tf.pretrained.fitting import embedding_size, fitting_backbone, make_plan
from facerec_tf.pretrained.names import find_naming
from facerec_tf.pretrained.proof import prove
from facerec_tf.pretrained.reader import read_weights
from facerec_tf.pretrained.weight_source import Scaling, WeightSource

#: What ONNX recognisers are fed that do not scale pixels themselves: those born in PyTorch.
_ONNX_FEED = Scaling.of(mean=127.5, std=127.5)

#: People, and images of each, that folded BatchNorm layers are calibrated on.
_PEOPLE, _IMAGES = 64, 4


def import_weights(
    path: str | os.PathLike,
    backbone: str,
    *,
    mean: float | None = None,
    std: float | None = None,
    channels: str = "rgb",
    calibration: str | os.PathLike | None = None,
    **arguments: Any,
) -> Recognizer:
    """Builds a backbone and fills it with the weights of another project's file.

    Every array of the file goes to exactly one weight, or nothing is imported at all.

    Args:
        path: MXNet `.params` file (its `-symbol.json` is read if it is there), PyTorch
            `state_dict` or ONNX recogniser.
        backbone: A key of `BACKBONES`, of the same architecture as the file.
        mean: The network is fed `(pixel − mean) / std`; by default pixels as they are if it scales
            them itself, and otherwise what its project feeds.
        std: Given with `mean`.
        channels: `rgb`, or `bgr` if the network takes that order; its first kernel is then turned,
            so that images are RGB here, too.
        calibration: Folder of records on which to measure BatchNorm statistics that an ONNX file
            has folded away; see `calibrate`.
        **arguments: Of the backbone. Without `embedding_size`, it is the file's.

    Returns:
        A recognizer without an objective. Its `origin` names the file and its SHA-256, and tells
        what was done.

    Raises:
        ArgumentError: If an argument is outside its domain.
        DataError: If the file is damaged, or does not fit the backbone.
        UserError: If a package is missing that the file's format needs.
    """
    preset = find(backbone)
    require_known(channels, ("rgb", "bgr"), "channels")
    require((mean is None) == (std is None), "std", "given with 'mean', and only then", std)
    if std is not None:
        require_positive("std", std)
    source = read_weights(path)
    if "embedding_size" not in arguments and (size := embedding_size(preset, source)):
        arguments["embedding_size"] = size
    network = preset(**arguments)
    plan = make_plan(preset, network, source)
    if faults := plan.faults(source):
        other = fitting_backbone(source, preset)
        hint = f" --backbone={other} fits." if other else ""
        raise DataError(
            f"Weight file '{path}' does not fit backbone {backbone}: {'; '.join(faults)}.{hint}"
        )
    images = None if calibration is None else _sample(calibration, network, len(plan.folded))
    plan.carry_out(source, network)
    feed = _feed(preset, source) if mean is None else Scaling.of(mean, std)
    scaling = feed.then(source.scaling or Scaling())
    _set_input(network, scaling, channels)
    _require_finite(network, path)
    origin = {
        "file": source.file,
        "format": source.format,
        "sha256": source.sha256,
        "arrays": len(plan.slots),
        "arrays_left_aside": len(plan.ignored),
        "pixel_scale": scaling.scale,
        "pixel_offset": scaling.offset,
        "channels": channels,
    }
    if source.operations:
        origin["proof"] = prove(network, path, feed, channels)
        origin["folded_batch_norms"] = len(plan.folded)
    if images is not None:
        calibrate(network, plan.folded, images)
        origin["calibration_images"] = len(images)
    return Recognizer(network, origin=origin)


def _feed(preset: Backbone, source: WeightSource) -> Scaling:
    """Returns what the file's project does to pixels before its network gets them."""
    if source.scaling:
        return Scaling()
    return _ONNX_FEED if source.operations else find_naming(preset, source.format).scaling


def _sample(calibration: str | os.PathLike, network: keras.Model, folded: int) -> np.ndarray:
    """Returns images uint8 `[n, h, w, 3]` to calibrate on."""
    if not folded:
        raise ArgumentError(
            "Argument 'calibration' must be left out: this file has all BatchNorm statistics. "
            f"Received: calibration={os.fspath(calibration)!r}"
        )
    images = sample_images(calibration, seed=0, identities=_PEOPLE, images=_IMAGES).images
    size = network.input_shape[1:3]
    if not len(images) or images.shape[1:3] != size:
        raise DataError(
            f"Records '{calibration}' hold no sound images of {size[0]}×{size[1]} pixels, which "
            "are needed to calibrate this network."
        )
    return images


def _set_input(network: keras.Model, scaling: Scaling, channels: str) -> None:
    """Makes the network take RGB pixels 0–255, whatever it was trained on."""
    scale_pixels = network.get_layer("scale_pixels")
    scale_pixels.scale, scale_pixels.offset = scaling
    if channels == "bgr":
        kernel = next(w for w in network.weights if w.name == "kernel")
        kernel.assign(np.asarray(kernel)[:, :, ::-1])


def _require_finite(network: keras.Model, path: str | os.PathLike) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, *network.input_shape[1:]))
    if not np.isfinite(network(images.astype(np.float32), training=False)).all():
        raise DataError(f"Weight file '{path}' gives embeddings that are not finite.")
