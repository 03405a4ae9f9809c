"""A backbone and its objective as one model."""

from facerec_tf.models.objective import MAIN_LOSSES, Objective, make_objective
from facerec_tf.models.recognizer import Recognizer, weights_digest

__all__ = [
    "MAIN_LOSSES",
    "Objective",
    "Recognizer",
    "make_objective",
    "weights_digest",
]
