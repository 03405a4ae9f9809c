"""From a recognizer to an exported model, and from an exported model to embeddings."""

from facerec_tf.serving.embedder import Embedder, load_embedder
from facerec_tf.serving.export import export
from facerec_tf.serving.float32 import in_float32
from facerec_tf.serving.fold import fold_batch_norm
from facerec_tf.serving.inference import inference_function
from facerec_tf.serving.passes import embed_pairs, embed_records, verify_pairs
from facerec_tf.serving.table import EXPORT_FORMATS

__all__ = [
    "EXPORT_FORMATS",
    "Embedder",
    "embed_pairs",
    "embed_records",
    "export",
    "fold_batch_norm",
    "in_float32",
    "inference_function",
    "load_embedder",
    "verify_pairs",
]
