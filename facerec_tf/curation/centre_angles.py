"""Cosines between every image and the centres of its identity."""

from __future__ import annotations

import array
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.curation.separation import random_others, separation
from facerec_tf.curation.subcentre_model import SubcentreModel
from facerec_tf.data.reading import Image
from facerec_tf.evaluation.label_noise import own_cosines
from facerec_tf.serving import embed_records


class CentreAngles(NamedTuple):
    """Measurements of every record, in the order of the data.

    Attributes:
        labels: int32 `[n]`, as in the records.
        sound: bool `[n]`: whether the image can be decoded.
        measured: bool `[n]`: whether its identity also has centres.
        cosines: float32 `[m, k]`: between the measured images and all centres of their identities.
        separation: How well the angles to the nearest centre of an image's identity are separated
            from those to the nearest of a random other identity; see `curation.separation`.
        damaged: Description of each damaged image.
    """

    labels: np.ndarray
    sound: np.ndarray
    measured: np.ndarray
    cosines: np.ndarray
    separation: float
    damaged: list[str]


def measure_centre_angles(
    model: SubcentreModel, records: RecordFolder, classes: np.ndarray
) -> CentreAngles:
    """Embeds the images of identities that have centres, and compares them with these.

    Args:
        model: The recognizer.
        records: The records.
        classes: int64 `[identities]`: the class of each identity, -1 if it has no centres.

    Raises:
        DataError: If records cannot be read, an image has another size than the manifest says, more
            than 1 % of the images are damaged, or embeddings are not finite.
    """
    labels, sound, damaged = array.array("i"), array.array("b"), []

    def known_images() -> Iterator[Image]:
        for image in records.images():
            labels.append(image.record.label)
            sound.append(image.fault is None)
            if image.fault:
                damaged.append(image.fault)
            if image.fault or classes[image.record.label] >= 0:
                yield image

    cosines = [np.zeros((0, model.centres.shape[1]), np.float32)]
    others = [np.zeros(0, np.float32)]
    generator = np.random.default_rng(0)
    for batch in embed_records(
        model.embedder,
        known_images(),
        total=records.manifest.num_images,
        source=str(records.directory),
        flip_fusion=model.flip_fusion,
    ):
        own = classes[batch.labels]
        cosines.append(own_cosines(batch.embeddings, own, model.centres))
        other = random_others(own, len(model.centres), generator)
        others.append(own_cosines(batch.embeddings, other, model.centres).max(axis=1))
    all_labels, is_sound = np.array(labels), np.array(sound, bool)
    measured = is_sound & (classes[all_labels] >= 0)
    of_own = np.concatenate(cosines)
    return CentreAngles(
        all_labels,
        is_sound,
        measured,
        of_own,
        separation(-of_own.max(axis=1, initial=-1.0), -np.concatenate(others)),
        damaged,
    )
