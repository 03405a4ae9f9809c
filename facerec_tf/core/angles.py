"""Angle mathematics with finite values and gradients at cos θ = ±1.

Every function takes and returns float tensors of any shape; angles are in radians.
float32 cosines of unit vectors exceed 1 in about a third of all cases, and sqrt(1 − c²) has an
infinite slope at 1, so cosines are clipped and arguments of roots are bounded from below.
"""

from __future__ import annotations

import math
from typing import Any

from keras import ops

#: Lower bound of 1 − cos² in `sine`; float32 cannot resolve angles below about 3e-4.
EPSILON = 1e-7

#: Length below which a vector is treated as having no direction.
SHORTEST = 1e-6

#: Upper bound of the angle in `added_angle`: past 2.33 the fallback would begin above −1.
MOST_ADDED = math.pi / 2.0

#: Coefficients of arccos(x)/√(1 − x) on [0, 1], highest power first.
_ARCCOS = (
    -0.0012624911,
    0.0066700901,
    -0.0170881256,
    0.0308918810,
    -0.0501743046,
    0.0889789874,
    -0.2145988016,
    1.5707963050,
)


def l2_normalize(vectors: Any, axis: int = -1) -> Any:
    """Returns `vectors` at unit length along `axis`.

    Zero stays zero. Vectors shorter than 1e-6 have no gradient: the gradient of a direction grows
    with 1 / ‖v‖, so a single such sample would dominate all others.

    Args:
        vectors: float tensor.
        axis: The axis whose entries form one vector.
    """
    has_direction = _squared_length(vectors, axis) > SHORTEST**2
    moving = ops.where(has_direction, vectors, ops.stop_gradient(vectors))
    return moving * inverse_norm(vectors, axis)


def inverse_norm(vectors: Any, axis: int = -1) -> Any:
    """Returns 1 / ‖v‖ along `axis`, which is kept with size 1.

    Finite for vectors shorter than 1e-6, which are treated as having that length. NaN for vectors
    whose squared length overflows: a zero would hide the overflow.
    """
    squared = _squared_length(vectors, axis)
    inverse = ops.rsqrt(ops.maximum(squared, SHORTEST**2))
    return ops.where(squared < math.inf, inverse, math.nan)


def _squared_length(vectors: Any, axis: int) -> Any:
    return ops.sum(ops.square(vectors), axis=axis, keepdims=True)


def clip_cosine(cosine: Any) -> Any:
    """Returns `cosine` clipped to [−1, 1], the domain of arccos."""
    return ops.clip(cosine, -1.0, 1.0)


def sine(cosine: Any) -> Any:
    """Returns sin θ ≥ 0 for θ in [0, π] from cos θ, with a finite gradient at θ = 0 and π."""
    return ops.sqrt(ops.maximum(1.0 - ops.square(cosine), EPSILON))


def angle(cosine: Any) -> Any:
    """Returns θ = arccos(cos θ) in [0, π], with a finite gradient at both ends.

    arctan2 of the bounded sine and the cosine: exact in the middle, within 4e-4 rad at the ends.
    """
    return ops.arctan2(sine(cosine), cosine)


def many_angles(cosine: Any) -> Any:
    """Returns `angle(cosine)` for large tensors, where arctan2 would take most of a step.

    float32 uses a polynomial that XLA vectorises (Abramowitz and Stegun 4.4.46, within 2e-8
    before rounding).
    """
    if cosine.dtype != "float32":
        return angle(cosine)
    folded = ops.where(cosine < 0.0, -cosine, cosine)  # unlike abs, it has a slope at 0
    root = ops.sqrt(ops.maximum(1.0 - folded, EPSILON / 2.0))  # 1 − c² is twice 1 − c
    polynomial = ops.zeros_like(folded)
    for coefficient in _ARCCOS:
        polynomial = polynomial * folded + coefficient
    acute = root * polynomial
    return ops.where(cosine < 0.0, math.pi - acute, acute)


def falling_cosine(angle: Any) -> Any:
    """Returns ψ(φ) = (−1)^k·cos φ − 2k, k = ⌊φ/π⌋, for φ ≥ 0: a cos φ that only falls.

    Continuous, with a continuous slope, and equal to cos φ up to π (SphereFace 1704.08063, eq. 7).
    """
    turns = ops.stop_gradient(ops.floor(angle / math.pi))
    sign = 1.0 - 2.0 * ops.mod(turns, 2.0)
    return sign * ops.cos(angle) - 2.0 * turns


def added_angle(cosine: Any, m: Any) -> Any:
    """Returns cos(θ + m), made monotonic: past θ = π − m it is cos θ − m·sin m.

    ArcFace 1801.07698, eq. 3, with the fallback of its code.

    Args:
        cosine: cos θ, float tensor within [−1, 1].
        m: The added angle in radians, within [0, MOST_ADDED]: a number, or a tensor of the same
            shape.
    """
    m = ops.convert_to_tensor(m, dtype=cosine.dtype)
    shifted = cosine * ops.cos(m) - sine(cosine) * ops.sin(m)
    return ops.where(cosine > -ops.cos(m), shifted, cosine - m * ops.sin(m))
