"""Networks from RGB pixels 0–255 `[batch, h, w, 3]` to embeddings `[batch, d]`, not normalised."""

from facerec_tf.backbones.backbone import Backbone, model_name
from facerec_tf.backbones.batch_norm import BatchNorm
from facerec_tf.backbones.dropout import Dropout
from facerec_tf.backbones.fit import fit
from facerec_tf.backbones.iresnet import iresnet
from facerec_tf.backbones.mobilefacenet import mobilefacenet
from facerec_tf.backbones.prelu import PReLU
from facerec_tf.backbones.stages import HEAD, stage_of, stages
from facerec_tf.backbones.table import BACKBONES, find, get

__all__ = [
    "BACKBONES",
    "HEAD",
    "Backbone",
    "BatchNorm",
    "Dropout",
    "PReLU",
    "find",
    "fit",
    "get",
    "iresnet",
    "mobilefacenet",
    "model_name",
    "stage_of",
    "stages",
]
