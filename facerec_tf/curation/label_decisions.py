"""The decision on every image: keep it, leave it out, or move it to another identity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.curation.centre_angles import CentreAngles
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.curation.subcentre_model import SubcentreModel
from facerec_tf.evaluation.label_noise import dominance, nearest_other
from facerec_tf.serving import embed_records

#: Names of the decisions, as in the report; `LabelDecisions.actions` are indices into them.
ACTIONS = ("kept", "dropped", "relabelled", "damaged", "unjudged")


class LabelDecisions(NamedTuple):
    """The decision on every record, in the order of the data.

    Attributes:
        degrees: float32 `[n]`: the angle to the dominant centre, NaN where none was measured.
        labels: int64 `[n]`: the identity under which the image is written, by its old label; -1
            if it is left out.
        actions: int8 `[n]`: index of the decision in `ACTIONS`.
    """

    degrees: np.ndarray
    labels: np.ndarray
    actions: np.ndarray


def decide_labels(
    model: SubcentreModel,
    records: RecordFolder,
    classes: np.ndarray,
    measured: CentreAngles,
    degrees: float,
    relabel: bool,
) -> LabelDecisions:
    """Decides on every image; to relabel, images past `degrees` are embedded a second time.

    Args:
        model: The recognizer.
        records: The records.
        classes: int64 `[identities]`: the class of each identity, -1 if it has no centres.
        measured: Cosines of all images, from `measure_centre_angles`.
        degrees: Largest angle between an image and the dominant centre of its identity.
        relabel: Whether an image past it is moved to another identity within `degrees`.

    Raises:
        DataError: If fewer than two identities would be left.
    """
    own = classes[measured.labels[measured.measured]]
    found = dominance(measured.cosines, own, len(model.centres))
    angles = np.full(len(measured.labels), np.nan, np.float32)
    angles[measured.measured] = np.degrees(found.angles)
    far = angles > degrees  # False where it is NaN.
    labels = np.where(measured.sound & ~far, measured.labels, -1).astype(np.int64)
    near = np.unique(own[~far[measured.measured]])
    if relabel and near.size:
        directions = model.centres[near, found.centre[near]]
        identities = np.flatnonzero(classes >= 0)  # By class.
        new = [np.zeros(0, np.int64)]
        for batch in embed_records(
            model.embedder,
            records.images(far),
            total=int(far.sum()),
            source=str(records.directory),
            description="relabelling",
            flip_fusion=model.flip_fusion,
        ):
            others, angle = nearest_other(batch.embeddings, classes[batch.labels], directions, near)
            new.append(np.where(np.degrees(angle) <= degrees, identities[others], -1))
        labels[far] = np.concatenate(new)
    if (left := len(np.unique(labels[labels >= 0]))) < 2:
        raise DataError(
            f"--degrees={degrees:g} leaves images of {left} identities, but training needs two: "
            f"half of all images are past {np.nanmedian(angles):.1f}° from their dominant centre."
        )
    conditions = {
        "damaged": ~measured.sound,
        "unjudged": ~measured.measured,
        "dropped": labels < 0,
        "relabelled": far,
    }
    places = [np.int8(ACTIONS.index(name)) for name in conditions]
    return LabelDecisions(angles, labels, np.select([*conditions.values()], places, np.int8(0)))
