"""Every head and every loss, with the options that change its code path."""

import numpy as np
import pytest

from facerec_tf import losses, margins
from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.losses import Auxiliary
from facerec_tf.models import MAIN_LOSSES, Objective

EMBEDDING_SIZE = 16
NUM_CLASSES = 10

MARGIN_VARIANTS = [
    *((name, {}) for name in margins.MARGINS),
    ("arcface", {"easy_margin": True}),
    ("arcface", {"gradient": "detached"}),
    ("arcface", {"s": None}),
    ("sphereface", {"s": 30.0, "m": 1.35, "lambda_base": 0.0, "lambda_min": 0.0}),
    ("sphereface", {"gradient": "detached"}),
    ("lsoftmax", {"m": 2.0, "lambda_base": 1.0, "lambda_min": 0.0}),
    ("sphereface_r", {"gradient": "exact"}),
    ("combined", {"m1": 0.9, "m2": 0.4, "m3": 0.15}),
    ("combined", {"m1": 2.5, "m2": 1.0}),
    ("adacos", {"adaptive": False}),
    ("mv_softmax", {"form": "cos", "gradient": "detached"}),
    ("subcenter_arcface", {"k": 1}),
    ("magface", {"l_a": 2.0, "u_a": 5.0}),
    ("adaface", {"h": 5.0}),
    ("elasticface", {"form": "cos"}),
    ("elasticface", {"plus": True}),
    ("sphereface2", {"gradient": "exact"}),
]

LOSS_VARIANTS = [
    *((name, {}) for name in losses.LOSSES),
    ("triplet", {"mining": "batch_hard"}),
    ("triplet", {"mining": "batch_all"}),
    ("triplet", {"distance": "euclidean"}),
    ("triplet", {"distance": "angular", "m": 0.35}),
    ("circle", {"gamma": 8.0}),
    ("ring", {"radius": 2.0}),
]


def _parametrize(variants):
    labels = ["-".join([n, *(f"{k}={v}" for k, v in o.items())]) for n, o in variants]
    return pytest.mark.parametrize(("name", "options"), variants, ids=labels)


every_margin = _parametrize(MARGIN_VARIANTS)
every_loss = _parametrize(LOSS_VARIANTS)
every_variant = _parametrize(MARGIN_VARIANTS + LOSS_VARIANTS)
every_class = _parametrize([(name, {}) for name in (*margins.MARGINS, *losses.LOSSES)])


def make(kind, options, num_classes=NUM_CLASSES, size=EMBEDDING_SIZE, **kwargs):
    """Returns a built head, or a loss, of that variant."""
    if kind in losses.LOSSES:
        return losses.get(kind, num_classes=num_classes, **options, **kwargs)
    head = margins.get(kind, num_classes=num_classes, **options, **kwargs)
    head.build((None, size))
    return head


def make_objective(
    name, options, dtype="float32", scale=None, num_classes=NUM_CLASSES, size=EMBEDDING_SIZE
):
    """Returns a built objective of that variant; a loss that needs a head is added to NormFace.

    Embeddings and centres have sizes at which no gradient is tiny.
    """
    known = hyperparameters(MAIN_LOSSES[name])
    if scale and "s" in known and options.get("s", known["s"]) is not None:
        options = {**options, "s": scale}
    part = make(name, options, num_classes, size, dtype=dtype)
    if getattr(part, "inputs", ()):
        head = make("normface", {"s": 4.0}, num_classes, size, dtype=dtype)
        objective = Objective(head, [Auxiliary(part, 1.0)], dtype=dtype)
    else:
        objective = Objective(part, dtype=dtype)
    objective.build((None,), (None, size))
    generator = np.random.default_rng(11)
    for weight in objective.weights:
        if weight.name == "centres":
            weight.assign(generator.normal(size=weight.shape))
    return objective
