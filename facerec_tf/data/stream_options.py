"""StreamOptions: what the order of the training records depends on."""

from __future__ import annotations

import dataclasses
import os

from facerec_tf.core.errors import require_count


@dataclasses.dataclass(frozen=True)
class StreamOptions:
    """The records to train on and the order in which they are read.

    Two streams with equal options have the same record at every position.

    Attributes:
        directory: Folder of records with its manifest.
        seed: Seed of order and augmentation, at least 0 and below 2**32.
        min_images: Identities with fewer images are left out.
        shuffle_buffer: Records held in memory to be shuffled; unused by balanced batches.
        images_per_identity: Number of images of each identity in a global batch, next to each
            other; see `BalancedSampler`. By default batches are not balanced: all records are
            shuffled.
        global_batch_size: Images per step over all replicas and pipelines. Only balanced batches
            depend on it. `training_dataset` sets it if it is None.

    Raises:
        ArgumentError: If `shuffle_buffer` is not a positive integer.
    """

    directory: str | os.PathLike[str]
    seed: int
    min_images: int = 1
    shuffle_buffer: int = 16384
    images_per_identity: int | None = None
    global_batch_size: int | None = None

    def __post_init__(self) -> None:
        require_count("shuffle_buffer", self.shuffle_buffer)
