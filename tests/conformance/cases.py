"""Every margin head once, with the options that change its code path."""

import pytest

from facerec_tf import margins

EMBEDDING_SIZE = 16
NUM_CLASSES = 10

VARIANTS = [
    *((name, {}) for name in margins.MARGINS),
    ("arcface", {"easy_margin": True}),
    ("arcface", {"gradient": "detached"}),
    ("arcface", {"s": None}),
    ("sphereface", {"s": 30.0, "m": 1.35, "lambda_base": 0.0, "lambda_min": 0.0}),
    ("sphereface", {"gradient": "detached"}),
    ("combined", {"m1": 0.9, "m2": 0.4, "m3": 0.15}),
    ("combined", {"m1": 2.5, "m2": 1.0}),
]


def _label(variant):
    name, options = variant
    return "-".join([name, *(f"{key}={value}" for key, value in options.items())])


every_margin = pytest.mark.parametrize(
    ("name", "options"), VARIANTS, ids=[_label(variant) for variant in VARIANTS]
)


def make(margin, options, **kwargs):
    """Returns a built head of that variant."""
    head = margins.get(margin, num_classes=NUM_CLASSES, **options, **kwargs)
    head.build((None, EMBEDDING_SIZE))
    return head
