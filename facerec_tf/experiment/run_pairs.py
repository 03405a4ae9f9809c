"""The pair set on which a run is verified, while it trains and afterwards."""

from __future__ import annotations

from pathlib import Path

from facerec_tf.config import EvaluationConfig
from facerec_tf.data import find_pairs


def find_run_pairs(config: EvaluationConfig, records: Path) -> Path | None:
    """The folder of the pair set that a run is verified on.

    Args:
        config: The run's options; by default the only pair set beside the records is used.
        records: Folder of the records that the run is trained on.

    Returns:
        The folder, or None if none is chosen and there is not exactly one.

    Raises:
        DataError: If the chosen pair set does not exist.
    """
    chosen = config.eval_pairs
    if chosen is None:
        only_one = len(list((records / "pairs").glob("*/pairs.csv"))) == 1
        return find_pairs(records, "pairs") if only_one else None
    if Path(chosen, "pairs.csv").is_file():
        return Path(chosen)
    return find_pairs(records, chosen)
