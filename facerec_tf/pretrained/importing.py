"""Loads another project's weights into a backbone of this package."""

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
from facerec_tf.pretrained.onnx_comparison import compare_with_onnx_runtime
from facerec_tf.pretrained.reader import read_weights
from facerec_tf.pretrained.weight_source import Scaling, WeightSource

#: Pixel scaling for ONNX recognisers that do not scale pixels: those exported from PyTorch.
_ONNX_FEED = Scaling.of(mean=127.5, std=127.5)

#: Identities, and images per identity, for the calibration of folded BatchNorm layers.
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
    """Builds a backbone with the weights of another project's file.

    Each array of the file must belong to exactly one weight; otherwise nothing is imported.

    Args:
        path: MXNet `.params` file (with its `-symbol.json`, if that exists), PyTorch `state_dict`
            or ONNX recogniser.
        backbone: A key of `BACKBONES`, with the architecture of the file.
        mean: The network expects `(pixel − mean) / std`. By default, a network that scales pixels
            itself receives them unchanged, and others the scaling of their project.
        std: Required with `mean`.
        channels: Channel order that the network expects, `rgb` or `bgr`. For `bgr` the channels of
            the first kernel are reversed, so that the recognizer takes RGB.
        calibration: Folder of records for measuring BatchNorm statistics that an ONNX file does not
            contain; see `calibrate`.
        **arguments: Arguments of the backbone. `embedding_size` defaults to the file's.

    Returns:
        A recognizer without an objective. Its `origin` contains the file's name and SHA-256, and
        what was done to the weights.

    Raises:
        ArgumentError: If an argument is outside its domain.
        DataError: If the file is damaged or does not fit the backbone.
        UserError: If a package required by the file's format is not installed.
    """
    preset = find(backbone)
    require_known(channels, ("rgb", "bgr"), "channels")
    require((mean is None) == (std is None), "std", "given with 'mean', and only then", std)
    given = None
    if mean is not None and std is not None:
        require_positive("std", std)
        given = Scaling.of(mean, std)
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
    feed = given or _feed(preset, source)
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
        origin["proof"] = compare_with_onnx_runtime(network, path, feed, channels)
        origin["folded_batch_norms"] = len(plan.folded)
    if images is not None:
        calibrate(network, plan.folded, images)
        origin["calibration_images"] = len(images)
    return Recognizer(network, origin=origin)


def _feed(preset: Backbone, source: WeightSource) -> Scaling:
    """Returns the scaling that the file's project applies to pixels before the network."""
    if source.scaling:
        return Scaling()
    return _ONNX_FEED if source.operations else find_naming(preset, source.format).scaling


def _sample(calibration: str | os.PathLike, network: keras.Model, folded: int) -> np.ndarray:
    """Returns images uint8 `[n, h, w, 3]` for the calibration."""
    if not folded:
        raise ArgumentError(
            "Argument 'calibration' must not be given: this file has all BatchNorm statistics. "
            f"Received: calibration={os.fspath(calibration)!r}"
        )
    images = sample_images(calibration, seed=0, identities=_PEOPLE, images=_IMAGES).images
    size = network.input_shape[1:3]
    if not len(images) or images.shape[1:3] != size:
        raise DataError(
            f"Records '{calibration}' contain no readable images of {size[0]}×{size[1]} pixels, "
            "which the calibration of this network requires."
        )
    return images


def _set_input(network: keras.Model, scaling: Scaling, channels: str) -> None:
    """Changes the network's input to RGB pixels 0–255."""
    scale_pixels = network.get_layer("scale_pixels")
    scale_pixels.scale, scale_pixels.offset = scaling
    if channels == "bgr":
        kernel = next(w for w in network.weights if w.name == "kernel")
        kernel.assign(np.asarray(kernel)[:, :, ::-1])


def _require_finite(network: keras.Model, path: str | os.PathLike) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, *network.input_shape[1:]))
    if not np.isfinite(network(images.astype(np.float32), training=False)).all():
        raise DataError(f"The embeddings of the network in weight file '{path}' are not finite.")
