"""From a recognizer to a SavedModel, and from a SavedModel to embeddings."""

from facerec_tf.serving.embedder import Embedder
from facerec_tf.serving.export import export, in_float32

__all__ = ["Embedder", "export", "in_float32"]
