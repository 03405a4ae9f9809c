"""Training, evaluation and export of recognizers, assembled from the other packages."""

from facerec_tf.experiment.build import build_recognizer
from facerec_tf.experiment.encoder import Encoder
from facerec_tf.experiment.evaluate import evaluate
from facerec_tf.experiment.export import export
from facerec_tf.experiment.keras_file import load_keras
from facerec_tf.experiment.load import load_encoder, load_recognizer
from facerec_tf.experiment.measured_run import MeasuredRun
from facerec_tf.experiment.measurements import MEASUREMENTS
from facerec_tf.experiment.run_folder import RunFolder
from facerec_tf.experiment.train import train

__all__ = [
    "MEASUREMENTS",
    "Encoder",
    "MeasuredRun",
    "RunFolder",
    "build_recognizer",
    "evaluate",
    "export",
    "load_encoder",
    "load_keras",
    "load_recognizer",
    "train",
]
