"""Angles between embeddings and centres, measured on the same few images during training."""

from __future__ import annotations

import dataclasses

import numpy as np

from facerec_tf.data import Sample, sample_images
from facerec_tf.evaluation import AngleStatistics, angle_statistics
from facerec_tf.experiment.measured_run import MeasuredRun
from facerec_tf.models import Recognizer
from facerec_tf.serving import Embedder
from facerec_tf.training import Measured, Measurement

#: Number of images embedded at once.
BATCH = 64

#: Columns of the angle statistics: the keys of `AngleStatistics.in_degrees`.
COLUMNS = (
    "target_angle_degrees",
    "past_threshold",
    "w_ec_degrees",
    "w_inter_degrees",
    "intra_degrees",
    "inter_degrees",
)

_NEVER = Measurement(name="angles", columns=COLUMNS, tensorboard_group="angles/")


class AngleProbe:
    """Measures the angle statistics of a recognizer with its current weights.

    Args:
        recognizer: The model in training.
        sample: Images to measure on, at least one.

    Attributes:
        sample: The images.
    """

    def __init__(self, recognizer: Recognizer, sample: Sample) -> None:
        self.sample = sample
        self._recognizer = recognizer
        self._embedder = Embedder.of_recognizer(recognizer)

    def __call__(self) -> AngleStatistics:
        """Embeds the sample and returns its angle statistics."""
        images, labels = self.sample
        batches = (images[first : first + BATCH] for first in range(0, len(images), BATCH))
        # Embeddings that are not finite are measured as well: they show a run that diverges.
        embeddings = np.concatenate([self._embedder.vectors(batch) for batch in batches])
        if self._recognizer.head:
            self._recognizer.head.warn_of_lengths(embeddings)
        return angle_statistics(embeddings, labels, self._recognizer.head)


def angles(run: MeasuredRun) -> Measurement:
    """Angle statistics of some training images, with the weights in training.

    The histogram holds the target angle θ of every image, in degrees.

    Raises:
        DataError: If the records cannot be read.
    """
    config, every = run.config, run.config.evaluation.angles_every
    if every == 0:
        return _NEVER
    sample = sample_images(
        run.records, seed=config.training.seed, min_images=config.data.min_images
    )
    if not len(sample.labels):
        return _NEVER
    probe = AngleProbe(run.recognizer, sample)

    def measure() -> Measured:
        statistics = probe()
        target = statistics.target_angles
        histograms = {} if target is None else {"target_angle_degrees": np.degrees(target)}
        return Measured(statistics.in_degrees(), histograms)

    return dataclasses.replace(_NEVER, every=every or run.steps_per_epoch, function=measure)
