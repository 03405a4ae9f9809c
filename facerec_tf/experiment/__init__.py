"""The one room that wires parts together: run folder, model, training, judging, exporting."""

from facerec_tf.experiment.build import build_recognizer
from facerec_tf.experiment.encoder import Encoder
from facerec_tf.experiment.evaluate import evaluate
from facerec_tf.experiment.export import export
from facerec_tf.experiment.keras_file import load_keras
from facerec_tf.experiment.load import load_encoder, load_recognizer
from facerec_tf.experiment.run_folder import RunFolder
from facerec_tf.experiment.train import train

__all__ = [
    "Encoder",
    "RunFolder",
    "build_recognizer",
    "evaluate",
    "export",
    "load_encoder",
    "load_keras",
    "load_recognizer",
    "train",
]
