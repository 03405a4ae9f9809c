"""How many damaged images a data set may have."""

from __future__ import annotations

from collections.abc import Sequence

from facerec_tf.core.errors import DataError

#: Share of damaged images above which a data set is refused.
MAX_DAMAGED = 0.01

#: Damaged images that the error names.
_NAMED = 3


def require_few_damaged(damaged: Sequence[str], total: int) -> None:
    """Raises `DataError` if more than 1 % of the images are damaged.

    Args:
        damaged: A description of each damaged image: its name and what is wrong with it.
        total: Number of all images.
    """
    if len(damaged) > MAX_DAMAGED * total:
        raise DataError(
            f"{len(damaged):,} of {total:,} images, more than {MAX_DAMAGED * 100:g} %, are "
            f"damaged. {'; '.join(damaged[:_NAMED])}"
        )
