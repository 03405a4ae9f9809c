"""Bounds on scale and margin from the CosFace paper."""

from __future__ import annotations

import math

from facerec_tf.core.errors import require_count, require_share


def suggest_scale(num_classes: int, probability: float = 0.9) -> float:
    """Returns the least scale s at which a perfect embedding reaches `probability`.

    (C − 1)/C · ln((C − 1)·P/(1 − P)), CosFace 1801.09414, §4. With a smaller scale the
    loss stays high even where every embedding equals its centre.

    Args:
        num_classes: Number of identities C, at least 2.
        probability: Expected target probability P, between 0 and 1.

    Raises:
        ArgumentError: If an argument is outside its domain.
    """
    require_count("num_classes", num_classes, least=2)
    require_share("probability", probability)
    others = num_classes - 1
    scale = others / num_classes * math.log(others * probability / (1.0 - probability))
    return max(scale, 0.0)


def suggest_margin(num_classes: int, embedding_size: int) -> float:
    """Returns the largest margin m on the cosine that centres can satisfy.

    1 − cos(2π/C) for embeddings in the plane, C/(C − 1) in d ≥ C − 1 dimensions (CosFace
    1801.09414, §4). In between, the bound of C/(C − 1) still holds, but the paper expects the
    attainable margin to be much smaller.

    Args:
        num_classes: Number of identities C, at least 2.
        embedding_size: Dimensions d, at least 2.

    Raises:
        ArgumentError: If an argument is outside its domain.
    """
    require_count("num_classes", num_classes, least=2)
    require_count("embedding_size", embedding_size, least=2)
    if embedding_size == 2:
        return 1.0 - math.cos(2.0 * math.pi / num_classes)
    return num_classes / (num_classes - 1.0)
