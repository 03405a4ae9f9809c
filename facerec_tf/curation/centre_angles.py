"""The angle of every image to the centres of its own identity."""

from __future__ import annotations

import array
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from facerec_tf.curation.cleaning_source import CleaningSource, Image, read_images
from facerec_tf.curation.subcentre_model import SubcentreModel
from facerec_tf.evaluation.label_noise import own_cosines
from facerec_tf.serving import embed_records


class CentreAngles(NamedTuple):
    """Measurements of every record, in the order of the data.

    Attributes:
        labels: int32 `[n]`, as in the records.
        sound: bool `[n]`: whether the image can be decoded.
        measured: bool `[n]`: whether it is also of an identity that has centres.
        cosines: float32 `[m, k]`: between the measured images and all centres of their identities.
        damaged: The fault of each damaged image.
    """

    labels: np.ndarray
    sound: np.ndarray
    measured: np.ndarray
    cosines: np.ndarray
    damaged: list[str]


def measure(model: SubcentreModel, source: CleaningSource) -> CentreAngles:
    """Embeds all images of identities that have centres, and keeps their cosines to the centres.

    Raises:
        DataError: As `read_images`, and if more than 1 % of them are damaged.
    """
    labels, sound, damaged = array.array("i"), array.array("b"), []

    def known_images() -> Iterator[Image]:
        for image in read_images(source):
            labels.append(image.record.label)
            sound.append(image.fault is None)
            if image.fault:
                damaged.append(image.fault)
            if image.fault or source.classes[image.record.label] >= 0:
                yield image

    cosines = [np.zeros((0, model.centres.shape[1]), np.float32)]
    for batch in embed_records(
        model.embedder,
        known_images(),
        total=source.manifest.num_images,
        source=str(source.directory),
        flip_fusion=model.flip_fusion,
    ):
        own = source.classes[batch.labels]
        cosines.append(own_cosines(batch.embeddings, own, model.centres))
    all_labels, is_sound = np.array(labels), np.array(sound, bool)
    measured = is_sound & (source.classes[all_labels] >= 0)
    return CentreAngles(all_labels, is_sound, measured, np.concatenate(cosines), damaged)
