"""InsightFace's vision transformers in its arcface_torch."""

from __future__ import annotations

from facerec_tf.pretrained.names.naming import PYTORCH_ARRAYS, Naming, Units
from facerec_tf.pretrained.weight_source import Scaling

PYTORCH = Naming(
    arrays={**PYTORCH_ARRAYS, "positions": "", "mask_token": ""},
    layers={
        "patch_embed": "patch_embed.proj",
        "position_embed": "pos_embed",
        "head_restore": "mask_token",
        "head_norm": "norm",
        "head_fc1": "feature.0",
        "head_bn": "feature.1",
        "head_fc2": "feature.2",
        "embedding": "feature.3",
    },
    rules=(
        Units(
            r"block(\d+)",
            lambda block: f"blocks.{block - 1}.",
            {
                "norm1": "norm1",
                "attn/qkv": "attn.qkv",
                "attn/proj": "attn.proj",
                "norm2": "norm2",
                "mlp1": "mlp.fc1",
                "mlp2": "mlp.fc2",
            },
        ),
    ),
    scaling=Scaling.of(mean=127.5, std=127.5),
    epsilon=2e-5,
    ignored="mask_token",  # Not needed where training masks no tokens.
)
