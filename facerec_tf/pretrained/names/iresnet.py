"""IResNet in InsightFace's MXNet code (`fresnet`) and in its arcface_torch."""

from __future__ import annotations

from facerec_tf.pretrained.names.naming import MXNET_ARRAYS, PYTORCH_ARRAYS, Naming, Units
from facerec_tf.pretrained.weight_source import Scaling

_UNIT = r"stage(\d+)_unit(\d+)"

MXNET = Naming(
    arrays=MXNET_ARRAYS,
    layers={
        "stem_conv": "conv0",
        "stem_bn": "bn0",
        "stem_prelu": "relu0",
        "head_bn": "bn1",
        "head_fc": "pre_fc1",
        "embedding": "fc1",
    },
    rules=(
        Units(
            _UNIT,
            lambda stage, unit: f"stage{stage}_unit{unit}_",
            {
                "bn1": "bn1",
                "conv1": "conv1",
                "bn2": "bn2",
                "prelu": "relu1",
                "conv2": "conv2",
                "bn3": "bn3",
                "se_squeeze": "se_conv1",
                "se_prelu": "se_relu1",
                "se_excite": "se_conv2",
                "shortcut_conv": "conv1sc",
                "shortcut_bn": "sc",
            },
        ),
    ),
    scaling=Scaling.of(mean=127.5, std=128.0),
    epsilon=2e-5,
    fixed_gammas=frozenset({"fc1"}),
    aliases={"pre_fc1_weight": "fc1_weight"},
    ignored="fc7_.*",
)

PYTORCH = Naming(
    arrays=PYTORCH_ARRAYS,
    layers={
        "stem_conv": "conv1",
        "stem_bn": "bn1",
        "stem_prelu": "prelu",
        "head_bn": "bn2",
        "head_fc": "fc",
        "embedding": "features",
    },
    rules=(
        Units(
            _UNIT,
            lambda stage, unit: f"layer{stage}.{unit - 1}.",
            {
                **{part: part for part in ("bn1", "conv1", "bn2", "prelu", "conv2", "bn3")},
                "shortcut_conv": "downsample.0",
                "shortcut_bn": "downsample.1",
            },
        ),
    ),
    scaling=Scaling.of(mean=127.5, std=127.5),
    epsilon=1e-5,
)
