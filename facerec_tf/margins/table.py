"""The table of margin heads, and its lookup."""

from __future__ import annotations

from typing import Any

import keras

from facerec_tf.core.errors import argument_error, require
from facerec_tf.core.lookup import Registry
from facerec_tf.margins.adacos import AdaCos
from facerec_tf.margins.adaface import AdaFace
from facerec_tf.margins.airface import AirFace
from facerec_tf.margins.arcface import ArcFace
from facerec_tf.margins.arcnegface import ArcNegFace
from facerec_tf.margins.base import MarginLayer
from facerec_tf.margins.coco import COCO
from facerec_tf.margins.combined import Combined
from facerec_tf.margins.cosface import CosFace
from facerec_tf.margins.curricularface import CurricularFace
from facerec_tf.margins.elasticface import ElasticFace
from facerec_tf.margins.l2softmax import L2Softmax
from facerec_tf.margins.lsoftmax import LSoftmax
from facerec_tf.margins.magface import MagFace
from facerec_tf.margins.mv_softmax import MVSoftmax
from facerec_tf.margins.normface import NormFace
from facerec_tf.margins.softmax import Softmax
from facerec_tf.margins.sphereface import SphereFace
from facerec_tf.margins.sphereface2 import SphereFace2
from facerec_tf.margins.sphereface_r import SphereFaceR
from facerec_tf.margins.subcenter_arcface import SubCenterArcFace
from facerec_tf.margins.uniface import UniFace

MARGINS: Registry[type[MarginLayer]] = Registry(
    {
        "softmax": Softmax,
        "normface": NormFace,
        "l2softmax": L2Softmax,
        "lsoftmax": LSoftmax,
        "sphereface": SphereFace,
        "sphereface_r": SphereFaceR,
        "cosface": CosFace,
        "arcface": ArcFace,
        "combined": Combined,
        "airface": AirFace,
        "adacos": AdaCos,
        "mv_softmax": MVSoftmax,
        "arcnegface": ArcNegFace,
        "curricularface": CurricularFace,
        "subcenter_arcface": SubCenterArcFace,
        "magface": MagFace,
        "adaface": AdaFace,
        "elasticface": ElasticFace,
        "sphereface2": SphereFace2,
        "uniface": UniFace,
        "coco": COCO,
    },
    "loss",
)


def get(identifier: str | dict[str, Any] | MarginLayer, **kwargs: Any) -> MarginLayer:
    """Returns a margin head.

    Args:
        identifier: A name in `MARGINS`, the result of `keras.saving.serialize_keras_object` for a
            head, or a head, which is returned unchanged.
        **kwargs: With a name only: the constructor's arguments, which are `num_classes` and those
            that `hyperparameters` lists.

    Raises:
        ArgumentError: If the name is unknown, if the identifier has another type, or if arguments
            are given without a name.
    """
    if isinstance(identifier, str):
        return MARGINS[identifier](**kwargs)
    require(not kwargs, "kwargs", "empty unless the head is given by name", sorted(kwargs))
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if not isinstance(identifier, MarginLayer):
        raise argument_error("identifier", "a name, a serialised head or a head", identifier)
    return identifier
