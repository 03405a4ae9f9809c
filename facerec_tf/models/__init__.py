"""A backbone and its objective as one model, and the loop that embeds with it."""

from facerec_tf.models.digest import weights_digest
from facerec_tf.models.embed import embed
from facerec_tf.models.objective import MAIN_LOSSES, Objective, make_objective
from facerec_tf.models.recognizer import Recognizer

__all__ = [
    "MAIN_LOSSES",
    "Objective",
    "Recognizer",
    "embed",
    "make_objective",
    "weights_digest",
]
