"""MeasuredRun: what measurements may use of a training run."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from facerec_tf.config import ExperimentConfig
from facerec_tf.data import PairSet
from facerec_tf.models import Recognizer


@dataclasses.dataclass(frozen=True)
class MeasuredRun:
    """A training run, as far as measurements may use it.

    Attributes:
        config: Its configuration, complete.
        records: Folder of the records it is trained on.
        recognizer: The model in training.
        steps_per_epoch: Length of an epoch.
        pairs: Pairs of images to verify, if there are any.
    """

    config: ExperimentConfig
    records: Path
    recognizer: Recognizer
    steps_per_epoch: int
    pairs: PairSet | None
