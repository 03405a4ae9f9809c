"""What is measured of every image: its angles to the centres of its own identity."""

from __future__ import annotations

import array
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.curation.cleaning_source import CleaningSource, Image, batches, read_images
from facerec_tf.curation.subcentre_model import SubcentreModel
from facerec_tf.data import MAX_DAMAGED
from facerec_tf.evaluation.label_noise import own_cosines


class CentreAngles(NamedTuple):
    """What was measured of every record, in the order of the data.

    Attributes:
        labels: int32 `[n]`, as in the records.
        sound: bool `[n]`: whether the image can be decoded.
        judged: bool `[n]`: whether it is also of an identity that has centres.
        cosines: float32 `[judged, k]`: between the images that are judged and all their centres.
        damaged: What is wrong with each damaged image.
    """

    labels: np.ndarray
    sound: np.ndarray
    judged: np.ndarray
    cosines: np.ndarray
    damaged: list[str]


def measure(judge: SubcentreModel, source: CleaningSource) -> CentreAngles:
    """Embeds all images of identities that have centres, and keeps a few numbers of each.

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
                if len(damaged) > MAX_DAMAGED * source.manifest.num_images:
                    raise DataError(
                        f"More than 1 % of the images in '{source.directory}' are damaged. "
                        + " ".join(damaged[:3])
                    )
            elif source.classes[image.record.label] >= 0:
                yield image

    entries = zip(source.manifest.classes, source.classes >= 0, strict=True)
    total = sum(entry.images for entry, is_known in entries if is_known)
    cosines = [np.zeros((0, judge.centres.shape[1]), np.float32)]
    for own, pixels in batches(known_images(), source, "Embedded", total):
        cosines.append(own_cosines(judge.embed(pixels), own, judge.centres))
    labels, sound = np.array(labels), np.array(sound, bool)
    judged = sound & (source.classes[labels] >= 0)
    return CentreAngles(labels, sound, judged, np.concatenate(cosines), damaged)
