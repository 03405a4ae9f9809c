"""The files of a run: its folder, its checkpoints and the recognizers in them."""

from facerec_tf.runs.checkpoints import Checkpoint, Checkpoints
from facerec_tf.runs.keras_file import load_keras
from facerec_tf.runs.load import load_recognizer, load_trained, require_one_source
from facerec_tf.runs.run_folder import RunFolder

__all__ = [
    "Checkpoint",
    "Checkpoints",
    "RunFolder",
    "load_keras",
    "load_recognizer",
    "load_trained",
    "require_one_source",
]
