"""Records, manifest, pairs and the training pipeline.

The public names load on first use: processes that only draw faces never load TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import Any

#: Public name → where it is defined.
_PUBLIC = {
    "BalancedSampler": "facerec_tf.data.balanced",
    "CropFormat": "facerec_tf.data.crop_format",
    "Manifest": "facerec_tf.data.manifest",
    "MAX_DAMAGED": "facerec_tf.data.damaged",
    "NUM_DRAWS": "facerec_tf.data.augmentation",
    "OnDamaged": "facerec_tf.data.pipeline",
    "Pair": "facerec_tf.data.pairs",
    "PairSet": "facerec_tf.data.pairs",
    "Record": "facerec_tf.data.records",
    "Sample": "facerec_tf.data.sample",
    "Selection": "facerec_tf.data.manifest",
    "StreamOptions": "facerec_tf.data.stream_options",
    "augment": "facerec_tf.data.augmentation",
    "describe_error": "facerec_tf.data.checks",
    "explain": "facerec_tf.data.checks",
    "find_pairs": "facerec_tf.data.pairs",
    "load_records": "facerec_tf.data.dataset",
    "name_bad_records": "facerec_tf.data.checks",
    "new_directory": "facerec_tf.data.writer",
    "preflight": "facerec_tf.data.checks",
    "require_few_damaged": "facerec_tf.data.damaged",
    "require_image_size": "facerec_tf.data.crop_format",
    "sample_images": "facerec_tf.data.sample",
    "sample_pairs": "facerec_tf.data.pair_sampling",
    "synthetic_face": "facerec_tf.data.faces",
    "training_dataset": "facerec_tf.data.pipeline",
    "write_pair_set": "facerec_tf.data.pairs",
    "write_records": "facerec_tf.data.writer",
    "write_synthetic": "facerec_tf.data.synthetic_records",
}

__all__ = [*_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
