"""Inception-ResNet-v1 in facenet-pytorch; our names differ only in punctuation."""

from __future__ import annotations

import re

from facerec_tf.pretrained.names.naming import PYTORCH_ARRAYS, Naming
from facerec_tf.pretrained.weight_source import Scaling


def _module(name: str) -> str:
    """Returns `repeat_1.0.branch1.1.conv` for `repeat1_0_branch1_1_conv`."""
    stage, _, rest = name.partition("_")
    stage = re.sub(r"^(conv2d|mixed|repeat)(?=\d)", r"\1_", stage)
    return f"{stage}.{rest.replace('_', '.')}"


PYTORCH = Naming(
    arrays=PYTORCH_ARRAYS,
    layers={"head_fc": "last_linear", "embedding": "last_bn"},
    rules=(_module,),
    scaling=Scaling.of(mean=127.5, std=128.0),
    epsilon=1e-3,
    ignored=r"logits\..*",
)
