"""A backbone and its head as one model, and the loop that embeds with it."""

from facerec_tf.models.digest import weights_digest
from facerec_tf.models.embed import embed
from facerec_tf.models.recognizer import Recognizer

__all__ = ["Recognizer", "embed", "weights_digest"]
