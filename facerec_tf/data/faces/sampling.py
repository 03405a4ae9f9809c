"""Random streams, palettes and checks, shared by the sampling of people and photographs."""

from __future__ import annotations

import numpy as np

from facerec_tf.core.errors import require

#: RGB in 0..1.
Color = tuple[float, float, float]

HAIR_COLORS = np.array(
    [
        (0.10, 0.08, 0.08),
        (0.17, 0.11, 0.09),
        (0.28, 0.18, 0.12),
        (0.42, 0.27, 0.16),
        (0.52, 0.25, 0.12),
        (0.70, 0.53, 0.31),
        (0.85, 0.73, 0.50),
    ]
)


def require_index(name: str, value: int) -> None:
    """Raises `ArgumentError` unless `value` is a non-negative integer."""
    is_index = isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 0
    require(is_index, name, "a non-negative integer", value)


def generator(seed: int, *key: int) -> np.random.Generator:
    """Returns an independent stream; `key` starts with the kind of thing that is drawn."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(int(seed), spawn_key=key)))


def between(palette: np.ndarray, position: float) -> np.ndarray:
    """Interpolates a palette `[n, 3]` at a position in `0..n-1`."""
    low = min(int(position), len(palette) - 2)
    return palette[low] + (position - low) * (palette[low + 1] - palette[low])


def to_color(values: np.ndarray) -> Color:
    """Returns three numbers as a colour."""
    red, green, blue = (float(value) for value in values)
    return (red, green, blue)
