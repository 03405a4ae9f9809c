"""A backbone and its objective as one model."""

from facerec_tf.models.digest import weights_digest
from facerec_tf.models.objective import MAIN_LOSSES, Objective, make_objective
from facerec_tf.models.recognizer import Recognizer

__all__ = [
    "MAIN_LOSSES",
    "Objective",
    "Recognizer",
    "make_objective",
    "weights_digest",
]
