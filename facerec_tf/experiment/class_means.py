"""Starts a head where the pretrained network already sees its identities."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import tensorflow as tf

from facerec_tf.config import AugmentationConfig, DataConfig
from facerec_tf.data import Manifest, StreamOptions, training_dataset
from facerec_tf.evaluation import unit_length
from facerec_tf.models import Recognizer
from facerec_tf.serving import Embedder

#: Images embedded at once.
BATCH = 64


def point_to_class_means(recognizer: Recognizer, records: Path, data: DataConfig) -> None:
    """Turns each centre of the head to the mean unit embedding of its identity's images.

    Args:
        recognizer: With a margin head over the identities of `data`.
        records: Folder of records.
        data: Which of them are trained on.
    """
    selection = Manifest.load(records).select(data.min_images)
    batch = min(BATCH, selection.num_images)
    batches = training_dataset(
        StreamOptions(records, seed=0, min_images=data.min_images, shuffle_buffer=batch),
        batch_size=batch,
        augmentation=AugmentationConfig(flip=False),
    ).take(math.ceil(selection.num_images / batch))
    embedder = Embedder.of_finished(recognizer)
    sums = np.zeros((selection.num_classes, recognizer.backbone.output_shape[-1]), np.float64)
    for images, labels in batches.map(lambda part: (part["image"], part["label"])):
        np.add.at(sums, labels.numpy(), unit_length(embedder.vectors(images)))
    assert recognizer.head is not None
    recognizer.head.point_centres(tf.constant(sums))
