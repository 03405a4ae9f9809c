"""The checks of numbers in `core.errors`, with upper bounds for the options of a run.

The bounds are far above what is of use, and below what overflows, fills the memory or never ends.
"""

from __future__ import annotations

from facerec_tf.core import errors

#: Largest count of an option that has no bound of its own. Steps fit int32.
MOST = 10**9

#: Option → its largest count.
MOST_OF = {
    "batch_size": 10**6,
    "embedding_size": 2**16,  # The widest published ones have 4096 dimensions.
    "epochs": 10**6,
    "image_size": 4096,
    "images_per_identity": 10**6,
    "keep_checkpoints": 10**6,
    "shuffle_buffer": 10**8,  # Each record takes some kilobytes of memory.
    "synthetic_identities": 10**7,
    "synthetic_images": 10**7,
}

#: Largest number that is multiplied with weights or gradients, which are float32.
LARGEST = 1e30


def require_count(name: str, value: int, least: int = 1) -> None:
    """Raises `ArgumentError` unless `value` is an integer from `least` to its bound."""
    errors.require_count(name, value, least, MOST_OF.get(name, MOST))


def require_positive(name: str, value: float) -> None:
    """Raises `ArgumentError` unless `value` is above zero and at most `LARGEST`."""
    errors.require_positive(name, value)
    errors.require_between(name, value, 0.0, LARGEST)


def require_non_negative(name: str, value: float) -> None:
    """Raises `ArgumentError` unless `value` is at least zero and at most `LARGEST`."""
    errors.require_non_negative(name, value)
    errors.require_between(name, value, 0.0, LARGEST)
