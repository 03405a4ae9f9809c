"""Margin heads: from embeddings and labels to logits over identities."""

from __future__ import annotations

from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.margins.adacos import AdaCos
from facerec_tf.margins.adaface import AdaFace
from facerec_tf.margins.airface import AirFace
from facerec_tf.margins.arcface import ArcFace
from facerec_tf.margins.arcnegface import ArcNegFace
from facerec_tf.margins.base import MarginLayer
from facerec_tf.margins.coco import COCO
from facerec_tf.margins.combined import Combined
from facerec_tf.margins.cosface import CosFace
from facerec_tf.margins.cross_entropy import cross_entropy
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
from facerec_tf.margins.suggest import suggest_margin, suggest_scale
from facerec_tf.margins.table import MARGINS, get
from facerec_tf.margins.uniface import UniFace

__all__ = [
    "COCO",
    "MARGINS",
    "AdaCos",
    "AdaFace",
    "AirFace",
    "ArcFace",
    "ArcNegFace",
    "Combined",
    "CosFace",
    "CurricularFace",
    "ElasticFace",
    "L2Softmax",
    "LSoftmax",
    "MVSoftmax",
    "MagFace",
    "MarginLayer",
    "NormFace",
    "Softmax",
    "SphereFace",
    "SphereFace2",
    "SphereFaceR",
    "SubCenterArcFace",
    "UniFace",
    "cross_entropy",
    "get",
    "hyperparameters",
    "suggest_margin",
    "suggest_scale",
]
