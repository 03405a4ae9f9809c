"""The angles of a run: measured on the same few training images again and again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from facerec_tf.config import ExperimentConfig
from facerec_tf.data import Sample, sample_images
from facerec_tf.evaluation import AngleStatistics, angle_statistics
from facerec_tf.models import Recognizer, embed

#: Images embedded at once.
BATCH = 64


class AngleProbe:
    """Measures a recognizer as it stands: its weights in training, not their running average.

    Args:
        recognizer: What is trained.
        sample: Images to measure it on, one at least.

    Attributes:
        sample: As given.
        latest: What was measured last, if anything was.
    """

    def __init__(self, recognizer: Recognizer, sample: Sample) -> None:
        self.sample = sample
        self.latest: AngleStatistics | None = None
        self._recognizer = recognizer
        self._encode = tf.function(
            lambda images: recognizer(images, training=False),
            input_signature=[tf.TensorSpec((None, *sample.images.shape[1:]), tf.uint8)],
        )

    def __call__(self) -> AngleStatistics:
        """Embeds the sample and returns its angle statistics."""
        images, labels = self.sample
        batches = (images[first : first + BATCH] for first in range(0, len(images), BATCH))
        embeddings = embed(self._encode, batches)
        self.latest = angle_statistics(embeddings, labels, self._recognizer.head)
        return self.latest

    def target_angles(self) -> np.ndarray | None:
        """Returns the angles θ measured last, in radians `[n]`, if there is a head."""
        return self.latest.target_angles if self.latest else None


def make_probe(
    config: ExperimentConfig, directory: Path, recognizer: Recognizer
) -> AngleProbe | None:
    """Returns the probe of a run on the records in `directory`, if its angles are to be measured.

    Raises:
        DataError: If the records cannot be read.
    """
    if config.evaluation.angles_every == 0:
        return None
    sample = sample_images(directory, seed=config.training.seed, min_images=config.data.min_images)
    return AngleProbe(recognizer, sample) if len(sample.labels) else None
