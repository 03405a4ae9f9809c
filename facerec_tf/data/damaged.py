"""How many damaged images a data set may have."""

from __future__ import annotations

from collections.abc import Sequence

from facerec_tf.core.errors import DataError

#: Share of damaged images above which a data set is refused.
MAX_DAMAGED = 0.01

#: Damaged images that the error names.
_NAMED = 3


def require_few_damaged(
    damaged: Sequence[str], total: int, where: str = "", max_damaged: float = MAX_DAMAGED
) -> None:
    """Raises `DataError` if too many images are damaged.

    Args:
        damaged: A description of each damaged image: its name and what is wrong with it.
        total: Number of all images.
        where: Text after "images" in the message, such as "in 'records'".
        max_damaged: Share of `total` that may be damaged.
    """
    if len(damaged) > max_damaged * total:
        images = f"images {where}".rstrip()
        faults = "; ".join(fault.rstrip(".") for fault in damaged[:_NAMED])
        raise DataError(
            f"{len(damaged):,} of {total:,} {images}, more than {max_damaged * 100:g} %, are "
            f"damaged. {faults}."
        )
