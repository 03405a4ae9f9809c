"""What becomes of every image: kept, left out, or given to another identity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.curation.centre_angles import CentreAngles
from facerec_tf.curation.cleaning_source import CleaningSource, batches, read_images
from facerec_tf.curation.subcentre_model import SubcentreModel
from facerec_tf.evaluation.label_noise import dominance, nearest_other

#: What can become of an image; `LabelDecisions.actions` are places in here.
ACTIONS = ("kept", "dropped", "relabelled", "damaged", "unjudged")


class LabelDecisions(NamedTuple):
    """What becomes of every record, in the order of the data.

    Attributes:
        degrees: float32 `[n]`: the angle to the dominant centre, NaN where none was measured.
        labels: int64 `[n]`: the identity it is written under, by its old label; -1: left out.
        actions: int8 `[n]`: what that is called, by its place in `ACTIONS`.
    """

    degrees: np.ndarray
    labels: np.ndarray
    actions: np.ndarray


def decide(
    judge: SubcentreModel,
    source: CleaningSource,
    survey: CentreAngles,
    degrees: float,
    relabel: bool,
) -> LabelDecisions:
    """Returns what becomes of every image; to re-label them, far ones are embedded once more.

    Raises:
        DataError: If fewer than two identities would be left.
    """
    own = source.classes[survey.labels[survey.judged]]
    found = dominance(survey.cosines, own, len(judge.centres))
    angles = np.full(len(survey.labels), np.nan, np.float32)
    angles[survey.judged] = np.degrees(found.angles)
    far = angles > degrees  # Not where it is NaN.
    labels = np.where(survey.sound & ~far, survey.labels, -1).astype(np.int64)
    near = np.unique(own[~far[survey.judged]])
    if relabel and near.size:
        directions = judge.centres[near, found.centre[near]]
        identities = np.flatnonzero(source.classes >= 0)  # By class.
        new = [np.zeros(0, np.int64)]
        images = read_images(source, far)
        for own, pixels in batches(images, source, "Embedded again", int(far.sum())):
            classes, angle = nearest_other(judge.embed(pixels), own, directions, near)
            new.append(np.where(np.degrees(angle) <= degrees, identities[classes], -1))
        labels[far] = np.concatenate(new)
    if (left := len(np.unique(labels[labels >= 0]))) < 2:
        raise DataError(
            f"--degrees={degrees:g} leaves images of {left} identities, where training needs two: "
            f"half of all images lie past {np.nanmedian(angles):.1f}° from their dominant centre."
        )
    conditions = {
        "damaged": ~survey.sound,
        "unjudged": ~survey.judged,
        "dropped": labels < 0,
        "relabelled": far,
    }
    places = [np.int8(ACTIONS.index(name)) for name in conditions]
    return LabelDecisions(angles, labels, np.select([*conditions.values()], places, np.int8(0)))
