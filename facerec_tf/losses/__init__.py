"""Losses on embeddings: from the labels and embeddings of a batch to a scalar."""

from __future__ import annotations

from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.losses.auxiliary import Auxiliary, parse_auxiliaries
from facerec_tf.losses.base import EmbeddingLoss
from facerec_tf.losses.center import Center
from facerec_tf.losses.circle import Circle
from facerec_tf.losses.contrastive import Contrastive
from facerec_tf.losses.feature_incay import FeatureIncay
from facerec_tf.losses.inter import Inter
from facerec_tf.losses.intra import Intra
from facerec_tf.losses.ring import Ring
from facerec_tf.losses.table import LOSSES, get
from facerec_tf.losses.triplet import Triplet

__all__ = [
    "LOSSES",
    "Auxiliary",
    "Center",
    "Circle",
    "Contrastive",
    "EmbeddingLoss",
    "FeatureIncay",
    "Inter",
    "Intra",
    "Ring",
    "Triplet",
    "get",
    "hyperparameters",
    "parse_auxiliaries",
]
