"""Whether a recognizer separates the identities of records, as one that is trained does."""

from __future__ import annotations

import numpy as np

#: Separation below which a recognizer is considered untrained. On 3,000 images of LFW,
#: InsightFace's MobileFaceNet y1 has 1.00, and 0.99 if half of the labels are wrong; pixels and
#: untrained networks have 0.88 to 0.92, and a network after three steps of training has 0.75.
LEAST = 0.95

#: Number of identities from which on a separation means something: among fewer, one person under
#: two names counts too much.
FEWEST = 10


def separation(own: np.ndarray, other: np.ndarray) -> float:
    """Probability that an image is nearer to its identity than an image is to another identity.

    Only the nearer half of either kind of distance counts, so that up to half of the labels may be
    wrong. It is the area under the ROC curve of the two halves: 0.5 if they have the same
    distribution, 1 if every distance to the own identity is smaller.

    Args:
        own: float `[n]`: distances (or angles) between images and their identities.
        other: float `[m]`: distances between images and other identities.

    Returns:
        The probability, in which equal distances count half; NaN if there are none.
    """
    if not (len(own) and len(other)):
        return float("nan")
    own, other = (np.sort(distances)[: (len(distances) + 1) // 2] for distances in (own, other))
    lower, upper = (np.searchsorted(other, own, side) for side in ("left", "right"))
    return 1.0 - float(np.mean(lower + upper)) / (2 * len(other))


def random_others(labels: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """A random other label for each of `labels`, int64 `[n]`; the same one if `count` is 1."""
    return (labels + generator.integers(1, max(count, 2), len(labels))) % count


def untrained_warning(found: float, identities: int) -> str | None:
    """Warning about a recognizer that is not trained.

    Args:
        found: Its `separation`.
        identities: Number of identities.

    Returns:
        The warning; None if the recognizer is trained, or there are too few identities.
    """
    if identities < FEWEST or not found < LEAST:
        return None
    return (
        f"the recognizer hardly separates these identities (separation {found:.2f}, expected at "
        f"least {LEAST:g}; random centres have 0.5). Its angles do not show which labels are "
        "wrong: train longer, or give another recognizer."
    )
